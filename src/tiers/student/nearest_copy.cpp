#include "tiers/student/nearest_copy.h"

#include <algorithm>
#include <cmath>

namespace weir::tiers::student {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr float kLeastSimilar = 0.05F;

}  // namespace

void copy_grams(const CopyText& text, std::vector<std::uint32_t>& out) {
    out.clear();
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < text.tokens.size() && out.size() + 2 <= kMostCopyGrams; ++i) {
        const char first = text.places[i].of(text.text).front();
        // Numbers are alike in form: which one it is, is for the copies.
        const std::uint64_t word = first >= '0' && first <= '9' ? text.tokens[i].form + 1U : text.tokens[i].word;
        out.push_back(static_cast<std::uint32_t>(word * 0x9E3779B97F4A7C15U >> 32U));
        out.push_back(static_cast<std::uint32_t>((word + before * 31 + 1) * 0xD6E8FEB86659FD93U >> 32U));
        before = word;
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
}

const NearestCopy::Gram* NearestCopy::find(std::uint32_t hash) const {
    const auto at = std::lower_bound(grams_.begin(), grams_.end(), hash,
                                     [](const Gram& gram, std::uint32_t wanted) { return gram.hash < wanted; });
    return at != grams_.end() && at->hash == hash ? &*at : nullptr;
}

// Into scratch.scores the cosine with each row, into scratch.touched the rows that have any.
void NearestCopy::find_nearest(std::size_t but, Scratch& scratch) const {
    scratch.scores.assign(rows_.size(), 0);
    scratch.touched.clear();
    // A word never seen is as rare as one that was seen once; a text of such words is like nothing.
    const float unseen = std::log1p(static_cast<float>(rows_.size()));
    float length = 0;
    for (const std::uint32_t hash : scratch.grams) {
        const Gram* const gram = find(hash);
        const float rarity = gram == nullptr ? unseen : gram->rarity;
        length += rarity * rarity;
        if (gram == nullptr) continue;
        for (std::uint32_t i = gram == grams_.data() ? 0 : (gram - 1)->end; i < gram->end; ++i) {
            const Posting posting = postings_[i];
            if (posting.row == but) continue;
            if (scratch.scores[posting.row] == 0) scratch.touched.push_back(posting.row);
            scratch.scores[posting.row] += rarity * static_cast<float>(posting.weight);
        }
    }
    const float scale = length > 0 ? 1 / (255 * std::sqrt(length)) : 0;
    for (const std::uint16_t row : scratch.touched) scratch.scores[row] *= scale;
}

bool NearestCopy::answer(std::string_view slot, Scratch& scratch, StudentAnswer& out) const {
    return answer(slot, kNone, scratch, out);
}

// Into scratch.proposals what the nearest rows say, as if row `but` were not there.
Declined NearestCopy::propose(std::string_view slot, std::size_t but, Scratch& scratch) const {
    scratch.proposed = 0;
    scratch.votes = 0;
    if (slot.size() > kMostCopySlotBytes || !scratch.text.look(slot)) return Declined::too_long;
    copy_grams(scratch.text, scratch.grams);
    find_nearest(but, scratch);
    const std::size_t count = std::min(kNeighbours, scratch.touched.size());
    std::partial_sort(scratch.touched.begin(), scratch.touched.begin() + static_cast<std::ptrdiff_t>(count),
                      scratch.touched.end(), [&](std::uint16_t a, std::uint16_t b) {
                          return scratch.scores[a] != scratch.scores[b] ? scratch.scores[a] > scratch.scores[b] : a > b;
                      });
    for (std::size_t i = 0; i < count; ++i) {
        const Row& row = rows_[scratch.touched[i]];
        const float similar = scratch.scores[scratch.touched[i]];
        if (similar < kLeastSimilar) break;
        scratch.votes += similar * similar;
        if (!row.answer.fill(row.text, scratch.text, scratch.filled)) continue;  // a vote against all
        std::size_t which = 0;
        while (which < scratch.proposed && scratch.proposals[which].text != scratch.filled) ++which;
        if (which == scratch.proposed) scratch.proposals[scratch.proposed++] = {scratch.filled, 0, 0};
        scratch.proposals[which].votes += similar * similar;
        scratch.proposals[which].similar = std::max(scratch.proposals[which].similar, similar);
    }
    return scratch.votes == 0 ? Declined::nothing : scratch.proposed == 0 ? Declined::no_answer : Declined::no;
}

bool NearestCopy::answer(std::string_view slot, std::size_t but, Scratch& scratch, StudentAnswer& out) const {
    out = {};
    out.declined = propose(slot, but, scratch);
    if (out.declined != Declined::no) return false;
    const auto end = scratch.proposals.begin() + static_cast<std::ptrdiff_t>(scratch.proposed);
    const auto best = std::max_element(scratch.proposals.begin(), end,
                                       [](const Proposal& a, const Proposal& b) { return a.votes < b.votes; });
    scratch.score = static_cast<double>(best->votes / scratch.votes * std::min(best->similar, 1.0F));
    out.text = best->text;
    out.log_probability = std::log(std::max(calibration_.probability(scratch.score), 1e-12));
    return true;
}

bool NearestCopy::could_say(std::string_view slot, std::string_view answer, Scratch& scratch) const {
    propose(slot, kNone, scratch);
    return scratch.proposes(answer);
}

bool NearestCopy::Scratch::proposes(std::string_view answer) const {
    return std::any_of(proposals.begin(), proposals.begin() + static_cast<std::ptrdiff_t>(proposed),
                       [&](const Proposal& each) { return each.text == answer; });
}

std::string NearestCopy::bytes() const {
    learn::ModelWriter to;
    to.put(kVersion);
    to.put(calibration_.slope);
    to.put(calibration_.offset);
    to.put(same_unseen_);
    to.put(least_same_unseen_);
    to.put(outside_share_);
    to.put(static_cast<std::uint16_t>(rows_.size()));
    for (const Row& row : rows_) {
        to.put_text(row.slot);
        row.answer.write(to);
    }
    to.put(static_cast<std::uint32_t>(grams_.size()));
    for (const Gram& gram : grams_) {
        to.put(gram.hash);
        to.put(gram.end);
        to.put(gram.rarity);
    }
    to.put(static_cast<std::uint32_t>(postings_.size()));
    for (const Posting& posting : postings_) {
        to.put(posting.row);
        to.put(posting.weight);
    }
    return std::move(to.bytes());
}

Result<NearestCopy> NearestCopy::read(std::string_view bytes) {
    const auto damaged = [] { return fail(ErrorCode::invalid, "damaged nearest-copy student"); };
    if (bytes.size() > kMostNearestBytes) return fail(ErrorCode::too_large, "a nearest-copy student of too many bytes");
    learn::ModelReader from(bytes);
    if (from.get<std::uint8_t>() != kVersion) {
        return fail(ErrorCode::invalid, "no nearest-copy student of this version");
    }
    NearestCopy student;
    student.calibration_.slope = from.get<double>();
    student.calibration_.offset = from.get<double>();
    student.same_unseen_ = from.get<double>();
    student.least_same_unseen_ = from.get<double>();
    student.outside_share_ = from.get<double>();
    const std::size_t rows = from.get<std::uint16_t>();
    const auto share = [](double value) { return value >= 0 && value <= 1; };
    if (!from.ok() || rows == 0 || rows > kMostCopyRows || !(std::abs(student.calibration_.slope) < 1e6) ||
        !(std::abs(student.calibration_.offset) < 1e6) || !share(student.same_unseen_) ||
        !share(student.least_same_unseen_) || !share(student.outside_share_)) {
        return damaged();
    }
    student.rows_.resize(rows);
    for (Row& row : student.rows_) {
        row.slot = from.get_text(kMostCopySlotBytes);
        if (!row.text.look(row.slot) || !CopyTemplate::read(from, row.text.tokens.size(), row.answer)) return damaged();
    }
    const std::size_t grams = from.get<std::uint32_t>();
    constexpr std::size_t kGramBytes = 12, kPostingBytes = 3;
    if (!from.ok() || grams * kGramBytes > from.left()) return damaged();
    student.grams_.resize(grams);
    Gram before;
    for (Gram& gram : student.grams_) {
        gram.hash = from.get<std::uint32_t>();
        gram.end = from.get<std::uint32_t>();
        gram.rarity = from.get<float>();
        const bool first = &gram == student.grams_.data();
        if ((!first && gram.hash <= before.hash) || gram.end < before.end || !(gram.rarity >= 0 && gram.rarity < 100)) {
            return damaged();
        }
        before = gram;
    }
    const std::size_t postings = from.get<std::uint32_t>();
    if (!from.ok() || postings * kPostingBytes != from.left() || postings != before.end) return damaged();
    student.postings_.resize(postings);
    for (Posting& posting : student.postings_) {
        posting.row = from.get<std::uint16_t>();
        posting.weight = from.get<std::uint8_t>();
        if (posting.row >= rows) return damaged();
    }
    return student;
}

}  // namespace weir::tiers::student
