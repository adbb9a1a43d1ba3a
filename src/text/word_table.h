// Tables of words that the compiler sorts: no start-up cost, no allocation, a look-up is one bit for most of the words
// that are not there, else a binary search over 64-bit ids. Thread rule: constants.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::text {

// FNV-1a, 64 bits: names a word in tables. Equal words have equal ids; unequal ones practically never. A step adds one
// byte.
constexpr std::uint64_t word_id_step(std::uint64_t id, char c) {
    return (id ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
}
constexpr std::uint64_t word_id(std::string_view word) {
    std::uint64_t id = 0xcbf29ce484222325u;
    for (const char c : word) id = word_id_step(id, c);
    return id;
}

template <class Value, std::size_t N>
class WordTable {
  public:
    struct Entry {
        std::uint64_t id = 0;
        Value value{};
    };

    explicit constexpr WordTable(const std::array<Entry, N>& entries) : entries_(entries) {
        std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
        for (const Entry& entry : entries_)
            maybe_[bit_of(entry.id) / 64] |= std::uint64_t{1} << (bit_of(entry.id) % 64);
    }

    // Null where the word is not in the table.
    constexpr const Value* find(std::uint64_t id) const {
        if ((maybe_[bit_of(id) / 64] >> (bit_of(id) % 64) & 1U) == 0) return nullptr;
        std::size_t from = 0;
        std::size_t count = N;
        while (count > 0) {
            const std::size_t half = count / 2;
            const bool after = entries_[from + half].id < id;
            from = after ? from + half + 1 : from;
            count = after ? count - half - 1 : half;
        }
        return from < N && entries_[from].id == id ? &entries_[from].value : nullptr;
    }
    constexpr const Value* find(std::string_view word) const { return find(word_id(word)); }
    constexpr bool has(std::uint64_t id) const { return find(id) != nullptr; }

    // For tests: a word that stands twice makes the table depend on the sort's whims.
    constexpr bool unique() const {
        for (std::size_t i = 1; i < N; ++i) {
            if (entries_[i].id == entries_[i - 1].id) return false;
        }
        return true;
    }
    static constexpr std::size_t size() { return N; }

  private:
    static constexpr std::size_t kBits = std::bit_ceil(std::max<std::size_t>(N * 16, 64));
    static constexpr std::size_t bit_of(std::uint64_t id) { return (id ^ (id >> 32U)) % kBits; }

    std::array<Entry, N> entries_;
    std::array<std::uint64_t, kBits / 64> maybe_{};  // a bit that is not set: no such word
};

// How many words stand in a list such as "a an the".
constexpr std::size_t count_words(std::string_view list) {
    std::size_t count = 0;
    bool inside = false;
    for (const char c : list) {
        const bool letter = c != ' ';
        if (letter && !inside) ++count;
        inside = letter;
    }
    return count;
}

// Calls use(word) for each word of a list.
template <class Use>
constexpr void for_each_word(std::string_view list, Use&& use) {
    std::size_t at = 0;
    while (at < list.size()) {
        while (at < list.size() && list[at] == ' ') ++at;
        const std::size_t start = at;
        while (at < list.size() && list[at] != ' ') ++at;
        if (at > start) use(list.substr(start, at - start));
    }
}

}  // namespace weir::text
