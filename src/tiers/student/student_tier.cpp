#include "tiers/student/student_tier.h"

#include <algorithm>

#include "wire/answer_flaw.h"
#include "wire/plain_answer.h"

namespace weir::tiers::student {
namespace {

constexpr Micros kMicrosPerSecond = 1'000'000;
constexpr std::size_t kBytesPerToken = 4;

Tokens tokens_of(std::string_view text) {
    return static_cast<Tokens>((text.size() + kBytesPerToken - 1) / kBytesPerToken);
}

// What a student can't give: an answer's log-probabilities, a voice.
bool wants_more_than_text(const wire::ChatRequest& chat) {
    return chat.logprobs || std::any_of(chat.members.begin(), chat.members.end(), [](const json::Member& member) {
               return member.key == "audio" || member.key == "modalities";
           });
}

}  // namespace

std::shared_ptr<const ShelvedStudent> student_for(const Question& question, const StudentShelf& shelf,
                                                  const store::ExampleRules& rules) {
    const auto students = shelf.find(question.tenant, rules.course.cascade, rules.course.reference, question.task);
    return students ? entry_for(question, *students, rules) : nullptr;
}

std::size_t most_live_bytes(const Student& student) {
    // Measured by student_bench: what a byte takes, and what is never passed.
    constexpr std::size_t kLabelsNanos = 135'000, kSpansNanos = 120'000;
    constexpr std::size_t kLabelsBytes = 896, kSpansBytes = 768, kCopiedBytes = 1'024;
    if (const StudentModel* const labels = student.labels()) {
        return std::min(kLabelsBytes, kLabelsNanos / (70 + labels->form().columns() * 4 / 5));
    }
    if (const SpanStudent* const spans = student.spans()) {
        const std::size_t tags = spans->tags();
        return std::min(kSpansBytes, kSpansNanos / (30 + 4 * tags + tags * tags / 8));
    }
    return kCopiedBytes;
}

bool StudentTier::offer_at_once(const Question& question, Climb& climb) {
    climb.attempt.tier = store::TierKind::student;
    climb.attempt.outcome = store::Outcome::declined;
    climb.attempt.model = name_;
    climb.attempt.priced = true;
    const wire::ChatRequest& chat = question.chat;
    // What the provider allowed once it may have forbidden since.
    const bool allowed = rules_ && rules_->may_distil;
    if (!allowed || chat.has_tools || chat.n != 1 || !chat.history.empty() || wants_more_than_text(chat)) {
        climb.because = store::Reason::of(store::Said::not_for_students);
        return true;
    }
    const auto student = student_for(question, shelf_, *rules_);
    if (!student) {
        climb.because = store::Reason::of(store::Said::no_student);
        return true;
    }
    if (student->suspicious()) {
        climb.because = store::Reason::of(store::Said::suspicious);
        return true;
    }
    // Beyond what escapes could make of it it is not even unescaped.
    const auto asked =
        chat.question.size() <= kMostSpelled * kMostLivePromptBytes ? wire::question_text(chat) : std::nullopt;
    if (!asked || asked->size() > kMostLivePromptBytes) {
        climb.because = store::Reason::of(store::Said::too_long);
        return true;
    }
    const std::string shown = rules_->redaction.empty() ? *asked : rules_->redaction.apply(*asked);
    TextEmbedding embedding;
    // Of a text that something was taken out of, examples have none either.
    if (question.embedding != nullptr && shown == *asked) {
        embedding = view_of(*question.embedding, question.embedding_model);
    }
    const StudentAnswer answer = student->model->answer(shown, scratch_, embedding, most_live_bytes(*student->model));
    if (answer.declined != Declined::too_long && student->saw(answer) != NoveltyWatch::Sight::usual) {
        climb.because = store::Reason::of(store::Said::unlike);
        return true;
    }
    if (answer.declined != Declined::no) {
        climb.because = store::Reason::of(store::Said::not_known, static_cast<std::uint8_t>(answer.declined));
        return true;
    }
    if (text::Redaction::marked(answer.text)) {
        climb.because = store::Reason::of(store::Said::needs_hidden);
        return true;
    }
    auto entry = std::make_shared<CacheEntry>();
    entry->usage.input_uncached = tokens_of(chat.system_text) + tokens_of(*asked);
    entry->usage.output = tokens_of(answer.text);
    entry->created_unix_micros = clock_.unix_micros();
    entry->model = kStudentName;
    entry->priced = true;
    const Micros created = entry->created_unix_micros / kMicrosPerSecond;
    entry->body = wire::render_plain_answer("chatcmpl-weir", kStudentName, created, answer.text, entry->usage);
    Offer offer;
    if (auto read = wire::read_chat_answer(entry->body)) offer.read = std::move(*read);
    const std::string_view form = wire::prompt_parts(chat).response_format;
    if (!form.empty() && wire::flaw_of(form, offer.read, entry->body) != wire::AnswerFlaw::none) {
        climb.because = store::Reason::of(store::Said::other_form);
        return true;
    }
    offer.sure = answer.log_probability;
    offer.answer = std::move(entry);
    climb.attempt.evidence = static_cast<float>(answer.log_probability);
    climb.offer = std::move(offer);
    return true;
}

Task<Climb> StudentTier::offer(const Question& question, Cancellation&) {
    Climb climb;
    offer_at_once(question, climb);
    co_return climb;
}

}  // namespace weir::tiers::student
