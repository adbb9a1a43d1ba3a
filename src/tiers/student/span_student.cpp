#include "tiers/student/span_student.h"

#include <algorithm>
#include <cmath>

#include "learn/logistic_regression.h"

namespace weir::tiers::student {
namespace {

constexpr std::uint8_t kVersion = 2;

}  // namespace

double SpanStudent::probability(double log_probability) const {
    return calibration_.probability(learn::logit(std::exp(log_probability)));
}

double SpanStudent::strangeness(const SpanFeatures::Novelty& novelty) const {
    const auto words = static_cast<double>(novelty.words);
    if (novelty.words == 0) return 0;
    return (static_cast<double>(novelty.unknown) - words * unknown_) / std::sqrt(words * unknown_ * (1 - unknown_));
}

bool SpanStudent::answer(std::string_view slot, Scratch& scratch, StudentAnswer& out) const {
    out = {};
    const auto declined = [&out](Declined why) {
        out.declined = why;
        return false;
    };
    if (!cut_tokens(slot, cut_, scratch.tokens)) return declined(Declined::too_long);
    scratch.values.clear();
    if (!scratch.tokens.empty()) {
        scratch.features.look(slot, scratch.tokens);
        out.novel = strangeness(scratch.features.novelty(knowledge_)) > strangest_;
        scratch.features.features(knowledge_, nullptr, scratch.hashed);
        if (!tagger_.tag(scratch.hashed, scratch.tagger, scratch.tagging)) return declined(Declined::no_answer);
        tags_.decode(scratch.tagging.labels, scratch.spans);
        for (const TokenSpan& span : scratch.spans) {
            const std::size_t begin = scratch.tokens[span.begin].begin, end = scratch.tokens[span.end - 1].end;
            SpanValue value{span.label, std::string(slot.substr(begin, end - begin))};
            const bool again = std::find(scratch.values.begin(), scratch.values.end(), value) != scratch.values.end();
            if (!again || (repeats_ && !form_.single(span.label))) scratch.values.push_back(std::move(value));
        }
        out.log_probability = scratch.tagging.log_probability;
    }
    if (!form_.write(scratch.values, out.text)) return declined(Declined::no_answer);
    const double likely = std::min(probability(out.log_probability), out.novel ? kStrangeProbability : 1);
    out.log_probability = std::log(std::max(likely, 1e-12));
    return true;
}

bool SpanStudent::could_say(std::string_view slot, std::string_view answer) const {
    std::vector<SpanValue> values;
    std::vector<SlotToken> tokens;
    std::vector<TokenSpan> spans;
    return form_.read(answer, values) && cut_tokens(slot, cut_, tokens) &&
           place_values(slot, tokens, values, !repeats_, spans) == values.size();
}

std::string SpanStudent::bytes() const {
    learn::ModelWriter to;
    to.put(kVersion);
    to.put(cut_);
    to.put(static_cast<std::uint8_t>(repeats_ ? 1 : 0));
    to.put(calibration_.slope);
    to.put(calibration_.offset);
    to.put(unknown_);
    to.put(strangest_);
    to.put(static_cast<std::uint64_t>(training_.examples));
    to.put(static_cast<std::uint64_t>(training_.learned));
    to.put(training_.found);
    to.put(training_.same_unseen);
    to.put(training_.outside_share);
    form_.write(to);
    knowledge_.write(to);
    tagger_.write(to);
    return std::move(to.bytes());
}

Result<SpanStudent> SpanStudent::read(std::string_view bytes) {
    if (bytes.size() > kMostSpanStudentBytes) return fail(ErrorCode::too_large, "a span student of too many bytes");
    const auto damaged = [] { return fail(ErrorCode::invalid, "damaged span student"); };
    learn::ModelReader from(bytes);
    if (from.get<std::uint8_t>() != kVersion) return fail(ErrorCode::invalid, "no span student of this version");
    SpanStudent student;
    const auto cut = from.get<std::uint8_t>(), repeats = from.get<std::uint8_t>();
    student.calibration_.slope = from.get<double>();
    student.calibration_.offset = from.get<double>();
    student.unknown_ = from.get<double>();
    student.strangest_ = from.get<double>();
    student.training_.examples = from.get<std::uint64_t>();
    student.training_.learned = from.get<std::uint64_t>();
    student.training_.found = from.get<double>();
    student.training_.same_unseen = from.get<double>();
    student.training_.outside_share = from.get<double>();
    const auto share = [](double value) { return value >= 0 && value <= 1; };
    if (!from.ok() || cut >= kTokenCuts || repeats > 1 || !(std::abs(student.calibration_.slope) < 1e6) ||
        !(std::abs(student.calibration_.offset) < 1e6) || !share(student.training_.found) ||
        !(student.unknown_ > 0 && student.unknown_ < 1) || !(student.strangest_ >= 0) ||
        !share(student.training_.same_unseen) || !share(student.training_.outside_share)) {
        return damaged();
    }
    student.cut_ = static_cast<TokenCut>(cut);
    student.repeats_ = repeats == 1;
    auto form = SpanForm::read(from);
    if (!form) return tl::unexpected(form.error());
    student.form_ = std::move(*form);
    auto knowledge = SpanKnowledge::read(from, student.form_.labels());
    if (!knowledge) return tl::unexpected(knowledge.error());
    student.knowledge_ = std::move(*knowledge);
    student.tags_ = SpanTags(student.form_.labels());
    auto tagger = learn::SequenceTagger::read(from);
    if (!tagger) return tl::unexpected(tagger.error());
    student.tagger_ = std::move(*tagger);
    if (student.tagger_.chain() != student.tags_.chain() || from.left() != 0) return damaged();
    return student;
}

}  // namespace weir::tiers::student
