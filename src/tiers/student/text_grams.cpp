#include "tiers/student/text_grams.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "text/utf8.h"

namespace weir::tiers::student {
namespace {

constexpr std::size_t kShortestPiece = 3, kLongestPiece = 5;
constexpr std::uint64_t kWordSeed = 0x77656972'776F7264U, kPieceSeed = 0x77656972'70696563U;

std::uint64_t mixed_in(std::uint64_t state, std::uint64_t value) {
    state = (state ^ value) * 0x9E37'79B9'7F4A'7C15U;
    return state ^ (state >> 29U);
}

std::uint32_t word_hash(std::uint64_t state) {
    return static_cast<std::uint32_t>(mixed_in(state, 0) >> 32U) & ~1U;
}
std::uint32_t piece_hash(std::uint64_t state) {
    return static_cast<std::uint32_t>(mixed_in(state, 0) >> 32U) | 1U;
}

class Cutter {
  public:
    explicit Cutter(std::vector<std::uint32_t>& hashes) : hashes_(hashes) {}

    void cut(std::string_view text) {
        for (std::size_t at = 0; at < text.size();) {
            const text::CodePoint point = text::decode(text, at);
            at += point.size;
            if (text::is_space(point.value)) {
                end_word();
                end_run();
                continue;
            }
            const char32_t lower = text::to_lower(point.value);
            run_.push_back(lower);
            const bool digit = lower >= U'0' && lower <= U'9';
            const bool alone = text::is_cjk(lower);
            if (alone || (!digit && !text::is_letter(lower))) end_word();
            if (!digit && !alone && !text::is_letter(lower)) continue;
            word_ = mixed_in(in_word_ ? word_ : kWordSeed, lower);
            in_word_ = true;
            if (alone) end_word();
        }
        end_word();
        end_run();
    }

  private:
    void end_word() {
        if (!in_word_) return;
        in_word_ = false;
        hashes_.push_back(word_hash(word_));
        if (has_before_) hashes_.push_back(word_hash(mixed_in(mixed_in(before_, U' '), word_)));
        before_ = word_;
        has_before_ = true;
    }
    // As scikit-learn's "char_wb": a blank on both sides; a run that is shorter than a piece is one itself.
    void end_run() {
        if (run_.empty()) return;
        run_.insert(run_.begin(), U' ');
        run_.push_back(U' ');
        for (std::size_t begin = 0; begin + kShortestPiece <= run_.size(); ++begin) {
            std::uint64_t state = kPieceSeed;
            const std::size_t most = std::min(run_.size(), begin + kLongestPiece);
            for (std::size_t at = begin; at < most; ++at) {
                state = mixed_in(state, run_[at]);
                if (at + 1 >= begin + kShortestPiece) hashes_.push_back(piece_hash(state));
            }
        }
        run_.clear();
    }

    std::vector<std::uint32_t>& hashes_;
    std::u32string run_;
    std::uint64_t word_ = 0, before_ = 0;
    bool in_word_ = false, has_before_ = false;
};

// Ascending. By digits, least significant first (as "radix sort" in Knuth, The Art of Computer Programming 3, 5.2.5):
// a student's answer would else spend a third of its time on it.
void sort_hashes(std::vector<std::uint32_t>& hashes, std::vector<std::uint32_t>& spare) {
    constexpr unsigned kDigitBits = 11, kDigits = 3;
    constexpr std::size_t kValues = std::size_t{1} << kDigitBits, kFew = 128;
    if (hashes.size() < kFew) return std::sort(hashes.begin(), hashes.end());
    std::array<std::array<std::uint32_t, kValues>, kDigits> starts{};
    for (const std::uint32_t hash : hashes) {
        for (unsigned digit = 0; digit < kDigits; ++digit) {
            ++starts[digit][hash >> digit * kDigitBits & (kValues - 1)];
        }
    }
    spare.resize(hashes.size());
    for (unsigned digit = 0; digit < kDigits; ++digit) {
        std::uint32_t start = 0;
        for (std::uint32_t& each : starts[digit]) start += std::exchange(each, start);
        for (const std::uint32_t hash : hashes) {
            spare[starts[digit][hash >> digit * kDigitBits & (kValues - 1)]++] = hash;
        }
        hashes.swap(spare);
    }
}

}  // namespace

bool text_grams(std::string_view text, std::vector<Gram>& out) {
    out.clear();
    if (text.size() > kMostTextBytes) return false;
    thread_local std::vector<std::uint32_t> hashes, spare;  // of kMostTextBytes
    hashes.clear();
    hashes.reserve(4 * text.size() + 8);
    Cutter(hashes).cut(text);
    sort_hashes(hashes, spare);
    out.reserve(hashes.size());
    for (const std::uint32_t hash : hashes) {
        if (out.empty() || out.back().hash != hash) out.push_back({hash, 0});
        ++out.back().count;
    }
    return true;
}

}  // namespace weir::tiers::student
