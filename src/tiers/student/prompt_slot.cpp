#include "tiers/student/prompt_slot.h"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace weir::tiers::student {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr double kLeastShare = 0.9;         // of the prompts that a template must fit
constexpr std::size_t kWorthALoss = 12;     // bytes that a longer beginning must gain to leave prompts out
constexpr std::size_t kLeastAround = 12;    // bytes of beginning and end together: fewer are no instruction
constexpr std::size_t kShingle = 3;         // tokens that are looked for together
constexpr std::size_t kLeastForPieces = 8;  // prompts: with fewer too much stands in all of them by chance
constexpr std::size_t kLeastPieceBytes = 3;

bool is_word(char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return (value >= '0' && value <= '9') || (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z') ||
           value >= 0x80;
}

// How many bytes at a piece's beginning are rather the end of the text before it: a full stop that all the texts looked
// at happen to have is none of the template.
std::size_t ending_of_text(std::string_view piece) {
    return std::min(piece.find_first_not_of(" .!?,;"), piece.size());
}

// Byte `place` from the front, or from the back.
struct Side {
    bool back = false;
    char at(std::string_view text, std::size_t place) const {
        return back ? text[text.size() - 1 - place] : text[place];
    }
};

// How much of the texts' beginning (or end) is the same. Texts that say otherwise are taken out of `alive` as long as
// `least` are left and what is gained is worth it; the last word is not cut through.
std::size_t common(std::vector<std::string_view>& alive, std::size_t least, Side side) {
    struct Loss {
        std::size_t place = 0;
        std::vector<std::string_view> before;
    };
    std::vector<Loss> losses;
    std::size_t place = 0;
    for (;; ++place) {
        std::array<std::size_t, 256> counts{};
        for (const std::string_view text : alive) {
            if (place < text.size()) ++counts[static_cast<unsigned char>(side.at(text, place))];
        }
        const auto most = std::max_element(counts.begin(), counts.end());
        if (*most < least || *most == 0) break;
        if (*most == alive.size()) continue;
        losses.push_back({place, alive});
        const char byte = static_cast<char>(most - counts.begin());
        std::erase_if(alive,
                      [&](std::string_view text) { return place >= text.size() || side.at(text, place) != byte; });
    }
    while (!losses.empty() && place - losses.back().place < kWorthALoss) {
        place = losses.back().place;
        alive = std::move(losses.back().before);
        losses.pop_back();
    }
    const auto cuts_a_word = [&] {
        return is_word(side.at(alive.front(), place - 1)) &&
               std::any_of(alive.begin(), alive.end(),
                           [&](std::string_view text) { return place < text.size() && is_word(side.at(text, place)); });
    };
    while (place > 0 && cuts_a_word()) --place;
    return place;
}

struct Token {
    std::size_t begin = 0, end = 0;
};

void cut_words(std::string_view text, std::vector<Token>& out) {
    out.clear();
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at + 1;
        if (is_word(text[at])) {
            while (end < text.size() && is_word(text[end])) ++end;
        }
        out.push_back({at, end});
        at = end;
    }
}

// The places of the shingles of a text that stand in it once, by their hash; npos: more than once.
using Places = std::unordered_map<std::uint64_t, std::size_t>;

void find_shingles(std::string_view text, std::vector<Token>& tokens, Places& out) {
    cut_words(text, tokens);
    out.clear();
    for (std::size_t i = 0; i + kShingle <= tokens.size(); ++i) {
        const std::string_view shingle = text.substr(tokens[i].begin, tokens[i + kShingle - 1].end - tokens[i].begin);
        const auto [at, fresh] = out.emplace(std::hash<std::string_view>()(shingle), i);
        if (!fresh) at->second = std::string_view::npos;
    }
}

struct Kept {
    std::size_t first = 0;  // token of the first text
    std::size_t place = 0;  // the same in the text looked at
    std::uint64_t hash = 0;
};

// Leaves a longest part of `kept` whose places grow (patience sorting).
void leave_ordered(std::vector<Kept>& kept) {
    std::vector<std::size_t> ends;  // of each length: the row with the smallest last place
    std::vector<std::size_t> before(kept.size(), std::string_view::npos);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const auto at = std::lower_bound(ends.begin(), ends.end(), kept[i].place,
                                         [&](std::size_t row, std::size_t place) { return kept[row].place < place; });
        if (at != ends.begin()) before[i] = *(at - 1);
        if (at == ends.end()) {
            ends.push_back(i);
        } else {
            *at = i;
        }
    }
    std::vector<Kept> left;
    for (std::size_t row = ends.empty() ? std::string_view::npos : ends.back(); row != std::string_view::npos;) {
        left.push_back(kept[row]);
        row = before[row];
    }
    kept.assign(left.rbegin(), left.rend());
}

// The pieces that stand in every text, once and in the same order, as they stand in the first one.
std::vector<std::string> shared_pieces(std::span<const std::string_view> texts) {
    std::vector<Token> tokens, other_tokens;
    Places places;
    find_shingles(texts.front(), tokens, places);
    std::vector<Kept> kept;
    for (const auto& [hash, place] : places) {
        if (place != std::string_view::npos) kept.push_back({place, place, hash});
    }
    std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.first < b.first; });
    std::vector<std::uint8_t> joined(tokens.size(), 1);  // whether a shingle follows the one before it in every text
    // First what stands in all of them: chance has little part in that, so that the order then goes by what is shared.
    for (const bool order : {false, true}) {
        for (const std::string_view text : texts.subspan(1)) {
            if (kept.empty()) return {};
            find_shingles(text, other_tokens, places);
            std::erase_if(kept, [&](Kept& each) {
                const auto at = places.find(each.hash);
                if (at == places.end() || at->second == std::string_view::npos) return true;
                each.place = at->second;
                return false;
            });
            if (!order) continue;
            leave_ordered(kept);
            for (std::size_t i = 1; i < kept.size(); ++i) {
                if (kept[i].place != kept[i - 1].place + 1) joined[kept[i].first] = 0;
            }
        }
    }
    std::vector<std::string> pieces;
    std::size_t begin = 0, end = 0;  // tokens of the piece that is growing
    const auto close = [&] {
        if (begin == end) return;
        std::string_view piece = texts.front().substr(tokens[begin].begin, tokens[end - 1].end - tokens[begin].begin);
        piece.remove_prefix(ending_of_text(piece));
        if (piece.size() >= kLeastPieceBytes) pieces.emplace_back(piece);
    };
    for (const Kept& each : kept) {
        if (each.first + kShingle == end + 1 && begin != end && joined[each.first] != 0) {
            ++end;
        } else if (each.first >= end) {
            close();
            begin = each.first;
            end = begin + kShingle;
        }
    }
    close();
    if (pieces.size() + 2 > kMostTemplatePieces) pieces.clear();
    return pieces;
}

}  // namespace

PromptSlot PromptSlot::learn(std::span<const std::string_view> prompts) {
    std::vector<std::string_view> alive;
    for (const std::string_view prompt : prompts) {
        if (alive.size() >= kMostTemplatePrompts) break;
        if (prompt.empty() || prompt.size() > kMostTemplateBytes) continue;
        if (std::find(alive.begin(), alive.end(), prompt) == alive.end()) alive.push_back(prompt);
    }
    if (alive.size() < kLeastTemplatePrompts) return {};
    const std::size_t all = alive.size();
    const auto least = static_cast<std::size_t>(kLeastShare * static_cast<double>(all) + 0.999);
    const std::size_t before = common(alive, least, {false});
    const std::string first(alive.front().substr(0, before));
    for (std::string_view& text : alive) text.remove_prefix(before);
    std::size_t behind = common(alive, least, {true});
    std::string last(alive.front().substr(alive.front().size() - behind));
    behind -= ending_of_text(last);
    last.erase(0, last.size() - behind);
    for (std::string_view& text : alive) text.remove_suffix(behind);
    if (before + behind < kLeastAround) return {};

    PromptSlot made({first, last});
    if (alive.size() < kLeastForPieces) return made;
    const std::vector<std::string> between = shared_pieces(alive);
    if (between.empty()) return made;
    PromptSlot finer({first, last});
    finer.pieces_.insert(finer.pieces_.begin() + 1, between.begin(), between.end());
    finer.join_constant(alive);
    std::vector<std::string_view> slots;
    const auto fitting = std::count_if(prompts.begin(), prompts.end(),
                                       [&](std::string_view prompt) { return finer.cut(prompt, slots); });
    const auto possible =
        std::count_if(prompts.begin(), prompts.end(), [&](std::string_view prompt) { return made.cut(prompt, slots); });
    return fitting >= static_cast<std::ptrdiff_t>(kLeastShare * static_cast<double>(possible)) ? finer : made;
}

// Joins pieces with what is between them where that is the same in all texts (which begin and end with slots).
void PromptSlot::join_constant(std::span<const std::string_view> texts) {
    const PromptSlot inner([&] {
        std::vector<std::string> pieces = pieces_;
        pieces.front().clear();
        pieces.back().clear();
        return pieces;
    }());
    std::vector<std::string_view> first, slots;
    if (!inner.cut(texts.front(), first)) return;
    std::vector<std::uint8_t> same(first.size(), 1);
    for (const std::string_view text : texts.subspan(1)) {
        if (!inner.cut(text, slots)) continue;
        for (std::size_t i = 0; i < slots.size(); ++i) same[i] = same[i] != 0 && slots[i] == first[i] ? 1 : 0;
    }
    for (std::size_t i = same.size(); i-- > 0;) {
        if (same[i] == 0 || pieces_.size() == 2) continue;
        pieces_[i] += std::string(first[i]) + pieces_[i + 1];
        pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
}

bool PromptSlot::cut(std::string_view prompt, std::vector<std::string_view>& slots) const {
    slots.clear();
    const std::string &first = pieces_.front(), &last = pieces_.back();
    if (prompt.size() < first.size() + last.size() || !prompt.starts_with(first) || !prompt.ends_with(last)) {
        return false;
    }
    std::string_view left = prompt.substr(first.size(), prompt.size() - first.size() - last.size());
    for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
        const std::size_t at = left.find(pieces_[i]);
        if (at == std::string_view::npos) {
            slots.clear();
            return false;
        }
        slots.push_back(left.substr(0, at));
        left.remove_prefix(at + pieces_[i].size());
    }
    slots.push_back(left);
    return true;
}

std::string PromptSlot::put(std::span<const std::string_view> slots) const {
    std::string prompt = pieces_.front();
    for (std::size_t i = 0; i < slots.size() && i + 1 < pieces_.size(); ++i) {
        prompt += slots[i];
        prompt += pieces_[i + 1];
    }
    return prompt;
}

void PromptSlot::write(learn::ModelWriter& to) const {
    to.put(kVersion);
    to.put(static_cast<std::uint8_t>(pieces_.size()));
    for (const std::string& piece : pieces_) to.put_text(piece);
}

Result<PromptSlot> PromptSlot::read(learn::ModelReader& from) {
    if (from.get<std::uint8_t>() != kVersion) return fail(ErrorCode::invalid, "no template of prompts of this version");
    const std::size_t count = from.get<std::uint8_t>();
    if (count < 2 || count > kMostTemplatePieces) return fail(ErrorCode::invalid, "damaged template of prompts");
    std::vector<std::string> pieces;
    for (std::size_t i = 0; i < count; ++i) {
        pieces.emplace_back(from.get_text(kMostTemplateBytes));
        if (i > 0 && i + 1 < count && pieces.back().empty()) {
            return fail(ErrorCode::invalid, "damaged template of prompts");
        }
    }
    if (!from.ok()) return fail(ErrorCode::invalid, "damaged template of prompts");
    return PromptSlot(std::move(pieces));
}

std::string_view slot_text(std::span<const std::string_view> slots, std::string& buffer) {
    if (slots.size() == 1) return slots.front();
    buffer.clear();
    for (std::size_t i = 0; i < slots.size(); ++i) {
        if (i > 0) buffer += '\n';
        buffer += slots[i];
    }
    return buffer;
}

}  // namespace weir::tiers::student
