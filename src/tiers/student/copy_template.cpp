#include "tiers/student/copy_template.h"

#include <algorithm>
#include <array>

#include "text/utf8.h"

namespace weir::tiers::student {
namespace {

constexpr int kReach = 3;       // tokens looked at on either side of a piece
constexpr int kFormWorth = 2;   // a piece of the same form counts as much as so many neighbours
constexpr int kLeastWorth = 2;  // less says nothing

std::uint32_t hash_of(std::string_view token, bool form) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    char32_t before = 0;
    for (std::size_t at = 0; at < token.size();) {
        const text::CodePoint point = text::decode(token, at);
        at += point.size;
        char32_t value = text::to_lower(point.value);
        if (form) {
            const bool digit = value >= '0' && value <= '9';
            value = digit ? '0' : text::is_capital(point.value) ? 'A' : text::is_letter(point.value) ? 'a' : value;
            if (value == before) continue;
            before = value;
        }
        hash = (hash ^ value) * 0x100000001b3U;
    }
    return static_cast<std::uint32_t>(hash ^ (hash >> 32U));
}

// How many of the tokens left of `a` and of `b` are the same; where both texts begin there, all of them are.
int same_before(const CopyText& one, std::size_t a, const CopyText& other, std::size_t b) {
    for (int same = 0; same < kReach; ++same) {
        if (a == 0 || b == 0) return a == b ? kReach : same;
        if (one.tokens[--a].word != other.tokens[--b].word) return same;
    }
    return kReach;
}
int same_behind(const CopyText& one, std::size_t a, const CopyText& other, std::size_t b) {
    for (int same = 0; same < kReach; ++same) {
        const bool one_ends = a == one.tokens.size(), other_ends = b == other.tokens.size();
        if (one_ends || other_ends) return one_ends == other_ends ? kReach : same;
        if (one.tokens[a++].word != other.tokens[b++].word) return same;
    }
    return kReach;
}

bool same_form(const CopyText& one, std::size_t begin, std::size_t end, const CopyText& other, std::size_t at) {
    if (at + (end - begin) > other.tokens.size()) return false;
    for (std::size_t i = begin; i < end; ++i) {
        if (one.tokens[i].form != other.tokens[at + i - begin].form) return false;
    }
    return true;
}

// Where in `to` the piece stands that is `begin` to `end` in `from`. Empty: nowhere, or two places are as good.
SlotToken find_piece(const CopyText& from, std::size_t begin, std::size_t end, const CopyText& to) {
    const std::size_t size = end - begin, longest = std::min(2 * size + 2, kLongestCopy);
    std::array<int, 2> best{};  // the best worth, and how often it was met with different words
    SlotToken found;
    for (std::size_t first = 0; first < to.tokens.size(); ++first) {
        const int before = same_before(from, begin, to, first);
        const bool form = same_form(from, begin, end, to, first);
        if (before == 0 && !form) continue;
        for (std::size_t last = first + 1; last <= std::min(first + longest, to.tokens.size()); ++last) {
            const int behind = same_behind(from, end, to, last);
            const bool as_it_was = form && last - first == size;
            if (behind == 0 && !as_it_was) continue;
            const int worth = before + behind + (as_it_was ? kFormWorth : 0);
            if (worth < kLeastWorth || worth < best[0]) continue;
            const SlotToken place{to.places[first].begin, to.places[last - 1].end};
            if (worth > best[0]) {
                best = {worth, 1};
                found = place;
            } else if (place.of(to.text) != found.of(to.text)) {
                ++best[1];
            }
        }
    }
    return best[1] == 1 ? found : SlotToken{};
}

}  // namespace

bool CopyText::look(std::string_view at) {
    text = at;
    tokens.clear();
    if (!cut_tokens(at, TokenCut::fine, places)) return false;
    for (const SlotToken& place : places) tokens.push_back({hash_of(place.of(at), false), hash_of(place.of(at), true)});
    return true;
}

CopyTemplate CopyTemplate::fixed(std::string_view answer) {
    CopyTemplate made;
    made.first_ = answer;
    return made;
}

CopyTemplate CopyTemplate::make(const CopyText& slot, const CopyText& answer, const WordCounts& common,
                                std::size_t most) {
    CopyTemplate made;
    std::size_t written = 0;  // bytes of the answer
    for (std::size_t i = 0; i < answer.tokens.size();) {
        const auto own = common.find(answer.tokens[i].word);
        const SlotToken at = answer.places[i];
        std::size_t best = 0, where = 0;
        if ((own == common.end() || own->second <= most) && made.copies_.size() < kMostCopies) {
            // The longest run of whole tokens that is there byte by byte.
            for (std::size_t j = 0; j < slot.tokens.size(); ++j) {
                if (slot.tokens[j].word != answer.tokens[i].word) continue;
                std::size_t run = 0;
                while (i + run < answer.tokens.size() && j + run < slot.tokens.size() && run < kLongestCopy) {
                    const SlotToken mine{at.begin, answer.places[i + run].end};
                    const SlotToken theirs{slot.places[j].begin, slot.places[j + run].end};
                    if (mine.of(answer.text) != theirs.of(slot.text)) break;
                    ++run;
                }
                if (run <= best) continue;
                best = run;
                where = j;
            }
        }
        if (best == 0) {
            ++i;
            continue;
        }
        std::string& fixed = made.copies_.empty() ? made.first_ : made.copies_.back().behind;
        fixed = answer.text.substr(written, at.begin - written);
        made.copies_.push_back({static_cast<std::uint32_t>(where), static_cast<std::uint32_t>(where + best), {}});
        written = answer.places[i + best - 1].end;
        i += best;
    }
    (made.copies_.empty() ? made.first_ : made.copies_.back().behind) = answer.text.substr(written);
    return made;
}

bool CopyTemplate::fill(const CopyText& from, const CopyText& to, std::string& out) const {
    out = first_;
    for (const Copy& copy : copies_) {
        const SlotToken piece = find_piece(from, copy.begin, copy.end, to);
        if (piece.begin == piece.end) return false;
        out += piece.of(to.text);
        out += copy.behind;
    }
    return out.size() <= kMostCopyAnswerBytes;
}

void CopyTemplate::write(learn::ModelWriter& to) const {
    to.put_text(first_);
    to.put(static_cast<std::uint8_t>(copies_.size()));
    for (const Copy& copy : copies_) {
        to.put(copy.begin);
        to.put(copy.end);
        to.put_text(copy.behind);
    }
}

bool CopyTemplate::read(learn::ModelReader& from, std::size_t tokens, CopyTemplate& out) {
    out.first_ = from.get_text(kMostCopyAnswerBytes);
    const std::size_t copies = from.get<std::uint8_t>();
    if (copies > kMostCopies) return false;
    for (std::size_t i = 0; i < copies; ++i) {
        Copy copy;
        copy.begin = from.get<std::uint32_t>();
        copy.end = from.get<std::uint32_t>();
        copy.behind = from.get_text(kMostCopyAnswerBytes);
        if (copy.begin >= copy.end || copy.end > tokens || copy.end - copy.begin > kLongestCopy) return false;
        out.copies_.push_back(std::move(copy));
    }
    return from.ok();
}

}  // namespace weir::tiers::student
