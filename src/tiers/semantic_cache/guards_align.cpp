#include "tiers/semantic_cache/guards_align.h"

#include <algorithm>

#include "tiers/semantic_cache/kinds.h"
#include "tiers/semantic_cache/meanings.h"

namespace weir::tiers::semantic {

namespace {

class Aligner {
  public:
    Aligner(const Question& a, const Question& b) : a_(a), b_(b) {
        result_.a.resize(a.terms.size());
        result_.b.resize(b.terms.size());
    }

    Alignment run() {
        std::size_t from = 0;
        std::size_t end_a = a_.terms.size();
        std::size_t end_b = b_.terms.size();
        while (from < end_a && from < end_b && same(from, from)) link(from, from, Link::in_order), ++from;
        while (end_a > from && end_b > from && same(end_a - 1, end_b - 1))
            --end_a, --end_b, link(end_a, end_b, Link::in_order);
        const std::size_t rows = end_a - from;
        const std::size_t columns = end_b - from;
        if (rows > 0 && columns > 0 && (rows + 1) * (columns + 1) <= max_cells) common_subsequence(from, rows, columns);
        pair_moved(from, end_a, end_b);
        pair_spelling(from, end_a, end_b);
        pair_compounds(from, end_a, end_b);
        return std::move(result_);
    }

  private:
    bool same(std::size_t i, std::size_t j) const { return a_.terms[i].meaning == b_.terms[j].meaning; }

    void link(std::size_t i, std::size_t j, Link how) {
        result_.a[i] = {static_cast<std::int32_t>(j), how};
        result_.b[j] = {static_cast<std::int32_t>(i), how};
    }

    void common_subsequence(std::size_t from, std::size_t rows, std::size_t columns) {
        const std::size_t width = columns + 1;
        std::vector<std::uint16_t> best((rows + 1) * width);
        for (std::size_t i = rows; i-- > 0;) {
            for (std::size_t j = columns; j-- > 0;) {
                const std::uint16_t skip = std::max(best[(i + 1) * width + j], best[i * width + j + 1]);
                const std::uint16_t take =
                    static_cast<std::uint16_t>(best[(i + 1) * width + j + 1] + weight(from + i, from + j));
                best[i * width + j] = same(from + i, from + j) ? std::max(take, skip) : skip;
            }
        }
        std::size_t i = 0;
        std::size_t j = 0;
        while (i < rows && j < columns) {
            const std::uint16_t here = best[i * width + j];
            if (same(from + i, from + j) && here == best[(i + 1) * width + j + 1] + weight(from + i, from + j)) {
                link(from + i++, from + j++, Link::in_order);
            } else if (here == best[(i + 1) * width + j]) {
                ++i;
            } else {
                ++j;
            }
        }
    }

    // Content holds the frame, small words follow it; agreeing on which side of a meaning is meant breaks ties.
    std::uint16_t weight(std::size_t i, std::size_t j) const {
        const bool small = a_.terms[i].kind == TermKind::function || a_.terms[i].kind == TermKind::pronoun;
        const bool side = a_.terms[i].is(term_opposite) == b_.terms[j].is(term_opposite);
        return static_cast<std::uint16_t>((small ? 2 : 4) + (side ? 1 : 0));
    }

    void pair_moved(std::size_t from, std::size_t end_a, std::size_t end_b) {
        std::vector<std::pair<std::uint64_t, std::size_t>> left;
        for (std::size_t j = from; j < end_b; ++j) {
            if (result_.b[j].link == Link::none) left.emplace_back(b_.terms[j].meaning, j);
        }
        if (left.empty()) return;
        std::sort(left.begin(), left.end());
        for (std::size_t i = from; i < end_a; ++i) {
            if (result_.a[i].link != Link::none) continue;
            auto found = std::lower_bound(left.begin(), left.end(),
                                          std::pair<std::uint64_t, std::size_t>(a_.terms[i].meaning, 0));
            while (found != left.end() && found->first == a_.terms[i].meaning &&
                   result_.b[found->second].link != Link::none)
                ++found;
            if (found != left.end() && found->first == a_.terms[i].meaning) link(i, found->second, Link::moved);
        }
    }

    std::string_view lower(const Question& q, std::size_t i) const { return q.words[q.terms[i].word].lower; }

    static bool may_slip(const Term& term) { return term.kind == TermKind::content || term.kind == TermKind::name; }

    void pair_spelling(std::size_t from, std::size_t end_a, std::size_t end_b) {
        for (std::size_t i = from; i < end_a; ++i) {
            if (result_.a[i].link != Link::none || !may_slip(a_.terms[i])) continue;
            // Where it stands: between the neighbours' partners.
            std::size_t tried = 0;
            for (std::size_t j = from; j < end_b && tried < 16; ++j) {
                if (result_.b[j].link != Link::none || !may_slip(b_.terms[j])) continue;
                ++tried;
                const bool known =
                    (meaning_of(a_.terms[i].meaning) != nullptr && meaning_of(b_.terms[j].meaning) != nullptr) ||
                    !kind_of_two(a_.words[a_.terms[i].word], b_.words[b_.terms[j].word]).empty();
                if (known || !neighbours_agree(i, j)) continue;
                if (!is_typing_slip(lower(a_, i), lower(b_, j))) continue;
                link(i, j, Link::spelling);
                break;
            }
        }
    }

    bool neighbours_agree(std::size_t i, std::size_t j) const {
        const bool before =
            (i == 0 && j == 0) || (i > 0 && j > 0 && result_.a[i - 1].other == static_cast<std::int32_t>(j) - 1);
        const bool last = i + 1 == a_.terms.size() && j + 1 == b_.terms.size();
        const bool after = last || (i + 1 < a_.terms.size() && j + 1 < b_.terms.size() &&
                                    result_.a[i + 1].other == static_cast<std::int32_t>(j) + 1);
        return before || after;
    }

    // "web site" = "website".
    void pair_compounds(std::size_t from, std::size_t end_a, std::size_t end_b) {
        for (std::size_t i = from; i < end_a; ++i) {
            if (result_.a[i].link != Link::none) continue;
            for (std::size_t j = from; j < end_b; ++j) {
                if (result_.b[j].link != Link::none) continue;
                if (j + 1 < end_b && result_.b[j + 1].link == Link::none && joined(a_, i, b_, j)) {
                    link(i, j, Link::spelling);
                    result_.b[j + 1] = {static_cast<std::int32_t>(i), Link::spelling};
                    break;
                }
                if (i + 1 < end_a && result_.a[i + 1].link == Link::none && joined(b_, j, a_, i)) {
                    link(i, j, Link::spelling);
                    result_.a[i + 1] = {static_cast<std::int32_t>(j), Link::spelling};
                    break;
                }
            }
        }
    }

    bool joined(const Question& one, std::size_t i, const Question& two, std::size_t j) const {
        if (two.terms[j].word + 1 != two.terms[j + 1].word) return false;
        const std::string_view whole = lower(one, i);
        const std::string_view first = lower(two, j);
        const std::string_view second = lower(two, j + 1);
        return whole.size() == first.size() + second.size() && whole.starts_with(first) && whole.ends_with(second);
    }

    const Question& a_;
    const Question& b_;
    Alignment result_;
};

bool vowel(char c) {
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

}  // namespace

Alignment align(const Question& a, const Question& b) {
    return Aligner(a, b).run();
}

bool is_typing_slip(std::string_view a, std::string_view b) {
    if (a.size() > b.size()) std::swap(a, b);
    if (a.size() < 5 || b.size() - a.size() > 1 || b.size() > 40 || a[0] != b[0]) return false;
    for (const std::string_view word : {a, b}) {
        for (const char c : word) {
            if (c < 'a' || c > 'z') return false;
        }
    }
    if (is_real_word_pair(a, b)) return false;
    std::size_t front = 0;
    while (front < a.size() && a[front] == b[front]) ++front;
    std::size_t back = 0;
    while (back < a.size() - front && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
    const std::size_t left_a = a.size() - front - back;
    const std::size_t left_b = b.size() - front - back;
    if (left_a == 0 && left_b == 1) {
        const char added = b[front];
        const bool ending = front + 1 >= b.size() || front == 0;  // "s", "e", "y" at the end make other words
        const bool doubled = (front > 0 && b[front - 1] == added) || (front + 1 < b.size() && b[front + 1] == added);
        return !ending && (doubled || a.size() >= 7 || (vowel(added) && a.size() >= 6));
    }
    if (left_a == 2 && left_b == 2) return a[front] == b[front + 1] && a[front + 1] == b[front] && a.size() >= 5;
    if (left_a == 1 && left_b == 1) {
        return vowel(a[front]) && vowel(b[front]) && a.size() >= 8 && front + 1 < a.size();
    }
    return false;
}

}  // namespace weir::tiers::semantic
