#include "tiers/model/example_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <unordered_map>

#include "tiers/student/text_grams.h"

namespace weir::tiers {
namespace {

constexpr std::size_t kGramsOfBucket = 4;

// The grams of a text, or of what counts of it.
void cut(std::string_view text, std::vector<student::Gram>& grams) {
    if (text.size() <= ExampleIndex::kBeginBytes + ExampleIndex::kEndBytes) {
        student::text_grams(text, grams);
        return;
    }
    std::string both(text.substr(0, ExampleIndex::kBeginBytes));
    both += '\n';
    both += text.substr(text.size() - ExampleIndex::kEndBytes);
    student::text_grams(both, grams);
}

float squared_rarity(std::size_t examples, std::size_t having_it) {
    const double rarity = std::log1p(static_cast<double>(examples) / static_cast<double>(having_it));
    return static_cast<float>(rarity * rarity);
}

}  // namespace

std::shared_ptr<const ExampleIndex> ExampleIndex::make(std::span<const Example> examples) {
    std::shared_ptr<ExampleIndex> index(new ExampleIndex);
    index->add_entries(examples);
    if (index->entries_.empty()) return nullptr;
    index->add_grams();
    return index;
}

// Each prompt once, the latest first until a limit is met.
void ExampleIndex::add_entries(std::span<const Example> examples) {
    struct Latest {
        std::string_view answer;
        Micros since = 0;
        std::size_t at = 0;
    };
    std::unordered_map<std::string_view, Latest> by_prompt;
    for (std::size_t at = 0; at < examples.size(); ++at) {
        const Example& example = examples[at];
        const bool prompt = !example.prompt.empty() && example.prompt.size() <= kMostExamplePromptBytes;
        if (!prompt || example.answer.empty() || example.answer.size() > kMostExampleAnswerBytes) continue;
        const auto [place, is_new] = by_prompt.try_emplace(example.prompt);
        Latest& latest = place->second;
        if (is_new || latest.answer != example.answer) latest = {example.answer, example.unix_micros, at};
        latest.at = at;
    }
    std::unordered_map<std::string_view, std::uint32_t> answers;
    std::size_t bytes = 0, grams_in_all = 0;
    bool short_answers = true;
    std::vector<student::Gram> grams;
    for (std::size_t at = examples.size(); at-- > 0 && entries_.size() < kMostExamples;) {
        const auto place = by_prompt.find(examples[at].prompt);
        if (place == by_prompt.end() || place->second.at != at) continue;
        const Latest& latest = place->second;
        cut(place->first, grams);
        bytes += place->first.size() + latest.answer.size();
        grams_in_all += grams.size();
        if (bytes > kMostTextBytes || grams_in_all > kMostPostings) break;
        const auto number = static_cast<std::uint32_t>(answers.size());
        const std::uint32_t answer = answers.try_emplace(latest.answer, number).first->second;
        short_answers = short_answers && latest.answer.size() <= kMostLabelBytes;
        entries_.push_back({std::string(place->first), std::string(latest.answer), latest.since, answer});
    }
    has_labels_ = short_answers && answers.size() <= kMostLabels && entries_.size() >= 2 * answers.size();
}

void ExampleIndex::add_grams() {
    constexpr unsigned kEntryBits = 16;
    std::vector<std::uint64_t> places;  // hash, entry
    std::vector<student::Gram> grams;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        cut(entries_[i].prompt, grams);
        for (const student::Gram& gram : grams) places.push_back(std::uint64_t{gram.hash} << kEntryBits | i);
    }
    std::sort(places.begin(), places.end());
    postings_.reserve(places.size());
    std::vector<double> lengths(entries_.size(), 0);
    for (std::size_t begin = 0, end = 0; begin < places.size(); begin = end) {
        const auto hash = static_cast<std::uint32_t>(places[begin] >> kEntryBits);
        while (end < places.size() && places[end] >> kEntryBits == hash) ++end;
        const float weight = squared_rarity(entries_.size(), end - begin);
        for (std::size_t at = begin; at < end; ++at) {
            const auto entry = static_cast<std::uint16_t>(places[at]);
            postings_.push_back(entry);
            lengths[entry] += static_cast<double>(weight);
        }
        grams_.push_back({hash, static_cast<std::uint32_t>(end), weight});
    }
    for (const double length : lengths) {
        lengths_.push_back(length > 0 ? static_cast<float>(1 / std::sqrt(length)) : 0);
    }
    const std::size_t buckets = std::bit_ceil(grams_.size() / kGramsOfBucket + 2);
    shift_ = 32U - static_cast<unsigned>(std::countr_zero(buckets));
    buckets_.reserve(buckets + 1);
    for (std::size_t bucket = 0, gram = 0; bucket <= buckets; ++bucket) {
        while (gram < grams_.size() && grams_[gram].hash >> shift_ < bucket) ++gram;
        buckets_.push_back(static_cast<std::uint32_t>(gram));
    }
    grams_.shrink_to_fit();
}

const ExampleIndex::Gram* ExampleIndex::find(std::uint32_t hash) const {
    const std::uint32_t bucket = hash >> shift_;
    for (std::uint32_t at = buckets_[bucket]; at < buckets_[bucket + 1]; ++at) {
        if (grams_[at].hash == hash) return &grams_[at];
    }
    return nullptr;
}

float ExampleIndex::score(std::string_view text, std::vector<float>& scores) const {
    thread_local std::vector<student::Gram> grams;
    thread_local std::vector<const Gram*> known;
    scores.assign(entries_.size(), 0);
    known.clear();
    cut(text, grams);
    // A gram that was never seen is as rare as one that was seen once: a text of such is like nothing.
    const float unseen = squared_rarity(entries_.size(), 1);
    float length = 0;
    std::array<std::size_t, 32> visits{};  // by the logarithm of how many examples have the gram
    const auto having_it = [this](const Gram& gram) { return gram.end - begin_of(gram); };
    for (const student::Gram& each : grams) {
        const Gram* const gram = find(each.hash);
        length += gram == nullptr ? unseen : gram->weight;
        if (gram == nullptr) continue;
        known.push_back(gram);
        visits[static_cast<std::size_t>(std::bit_width(having_it(*gram)))] += having_it(*gram);
    }
    // Up to `last`, all of them; of those in `last` as many as there is room for.
    std::size_t last = 0, room = kMostVisited;
    while (last + 1 < visits.size() && visits[last] <= room) room -= visits[last++];
    for (const Gram* const gram : known) {
        const std::size_t count = having_it(*gram);
        const auto size = static_cast<std::size_t>(std::bit_width(count));
        if (size > last || (size == last && count > room)) continue;
        if (size == last) room -= count;
        for (std::uint32_t at = begin_of(*gram); at < gram->end; ++at) scores[postings_[at]] += gram->weight;
    }
    return length > 0 ? 1 / std::sqrt(length) : 0;
}

void ExampleIndex::nearest(std::string_view text, Micros before, double least, std::vector<Near>& out) const {
    thread_local std::vector<float> scores;
    out.clear();
    const float length = score(text, scores);
    // As a heap the least similar is in front; of equals the later one is the better one.
    const auto better = [](const Near& a, const Near& b) {
        return a.similarity != b.similarity ? a.similarity > b.similarity : a.entry < b.entry;
    };
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const Near near{static_cast<std::uint16_t>(i), std::min(1.0F, scores[i] * length * lengths_[i])};
        if (near.similarity <= 0 || static_cast<double>(near.similarity) < least || entries_[i].since >= before)
            continue;
        if (out.size() == kMostNear) {
            if (!better(near, out.front())) continue;
            std::pop_heap(out.begin(), out.end(), better);
            out.pop_back();
        }
        out.push_back(near);
        std::push_heap(out.begin(), out.end(), better);
    }
    std::sort_heap(out.begin(), out.end(), better);
}

std::size_t ExampleIndex::bytes() const {
    std::size_t bytes = grams_.size() * sizeof(Gram) + postings_.size() * sizeof(std::uint16_t) +
                        buckets_.size() * sizeof(std::uint32_t) + entries_.size() * (sizeof(Entry) + sizeof(float));
    for (const Entry& entry : entries_) bytes += entry.prompt.size() + entry.answer.size();
    return bytes;
}

}  // namespace weir::tiers
