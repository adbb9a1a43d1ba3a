// Finds the next byte of interest, 16 bytes at a step (SSE2, which every x86-64 has), one at a step elsewhere.
// Internal to json/. Thread rule: pure functions. Never reads at or past `end`: no padding is needed.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace weir::json::bytes {

#if defined(__SSE2__)
inline __m128i load(const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}
inline __m128i equal(__m128i block, char byte) {
    return _mm_cmpeq_epi8(block, _mm_set1_epi8(byte));
}
// Bytes (as unsigned) that are at most `limit`.
inline __m128i at_most(__m128i block, char limit) {
    return _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(limit)), block);
}
inline unsigned mask(__m128i flags) {
    return static_cast<unsigned>(_mm_movemask_epi8(flags));
}
inline int first(unsigned bits) {
    return std::countr_zero(bits);
}
#endif

// The next quote or backslash.
inline const char* quote_or_backslash(const char* at, const char* end) {
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        const __m128i block = load(at);
        const unsigned found = mask(_mm_or_si128(equal(block, '"'), equal(block, '\\')));
        if (found != 0) return at + first(found);
    }
#endif
    while (at != end && *at != '"' && *at != '\\') ++at;
    return at;
}

// What may follow a backslash by itself, that is but for \uXXXX.
inline constexpr std::array<bool, 256> kSimpleEscapes = [] {
    std::array<bool, 256> table = {};
    for (const char byte : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) table[static_cast<unsigned char>(byte)] = true;
    return table;
}();

// The next byte of a string that needs a look: quote, control character, backslash; with `pass_escapes` most simple
// escapes are passed over. Sets `non_ascii` if any byte of the blocks looked at is over 0x7F (more may be looked at
// than lies before the result).
template <bool pass_escapes>
inline const char* string_stop(const char* at, const char* end, bool& non_ascii) {
#if defined(__SSE2__)
    unsigned high = 0;
    for (; end - at >= 16; at += 16) {
        const __m128i block = load(at);
        high |= mask(block);
        unsigned found = mask(_mm_or_si128(_mm_or_si128(equal(block, '"'), equal(block, '\\')), at_most(block, 0x1F)));
        while (found != 0) {
            const int index = first(found);
            if (!pass_escapes || at[index] != '\\' || index == 15 ||
                !kSimpleEscapes[static_cast<unsigned char>(at[index + 1])]) {
                non_ascii |= high != 0;
                return at + index;
            }
            found &= ~(3U << index);
        }
    }
    non_ascii |= high != 0;
#endif
    for (; at != end; ++at) {
        const auto byte = static_cast<unsigned char>(*at);
        if (byte == '"' || byte == '\\' || byte < 0x20) return at;
        non_ascii |= byte > 0x7F;
    }
    return at;
}

// The next quote followed by `a` or `b`, or backslash followed by 'u'.
inline const char* quoted_or_coded(const char* at, const char* end, char a, char b) {
#if defined(__SSE2__)
    for (; end - at >= 17; at += 16) {
        const __m128i block = load(at);
        const __m128i behind = load(at + 1);
        const __m128i quoted = _mm_and_si128(equal(block, '"'), _mm_or_si128(equal(behind, a), equal(behind, b)));
        const __m128i coded = _mm_and_si128(equal(block, '\\'), equal(behind, 'u'));
        const unsigned found = mask(_mm_or_si128(quoted, coded));
        if (found != 0) return at + first(found);
    }
#endif
    for (; end - at >= 2; ++at) {
        if ((*at == '"' && (at[1] == a || at[1] == b)) || (*at == '\\' && at[1] == 'u')) return at;
    }
    return end;
}

// The next quote or bracket of either kind, in well-formed JSON outside strings.
inline const char* quote_or_bracket(const char* at, const char* end) {
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        const __m128i block = load(at);
        // '[' | 0x20 == '{' and ']' | 0x20 == '}'
        const __m128i folded = _mm_or_si128(block, _mm_set1_epi8(0x20));
        const unsigned found =
            mask(_mm_or_si128(equal(block, '"'), _mm_or_si128(equal(folded, '{'), equal(folded, '}'))));
        if (found != 0) return at + first(found);
    }
#endif
    while (at != end && *at != '"' && (*at | 0x20) != '{' && (*at | 0x20) != '}') ++at;
    return at;
}

// The next quote or white space, in well-formed JSON outside strings.
inline const char* quote_or_space(const char* at, const char* end) {
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        const __m128i block = load(at);
        const unsigned found = mask(_mm_or_si128(equal(block, '"'), at_most(block, 0x20)));
        if (found != 0) return at + first(found);
    }
#endif
    while (at != end && *at != '"' && static_cast<unsigned char>(*at) > 0x20) ++at;
    return at;
}

inline bool is_space(char byte) {
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

inline const char* skip_space(const char* at, const char* end) {
    while (at != end && is_space(*at)) ++at;
    return at;
}

#if defined(__SSE2__)
// One bit for each of the 64 bytes at `at`: set where it is `byte`.
inline std::uint64_t equal64(const char* at, char byte) {
    std::uint64_t bits = 0;
    for (unsigned part = 0; part < 4; ++part) {
        bits |= static_cast<std::uint64_t>(mask(equal(load(at + 16 * part), byte))) << (16 * part);
    }
    return bits;
}

// Which of 64 bytes stand behind a backslash that is not escaped itself, without a branch for each. `carry` is 1 where
// the first byte is escaped by the block before, and is set for the block behind. In a run of backslashes every second
// byte is escaped; adding a run's first bit to it carries to its end, which tells odd runs from even ones.
// (Langdale and Lemire, Parsing Gigabytes of JSON per Second, VLDB Journal 28, 2019, section 3.1.1.)
inline std::uint64_t escaped64(std::uint64_t backslashes, std::uint64_t& carry) {
    constexpr std::uint64_t kEven = 0x5555'5555'5555'5555U;
    backslashes &= ~carry;
    const std::uint64_t behind = backslashes << 1 | carry;
    const std::uint64_t odd_starts = backslashes & ~kEven & ~behind;
    const std::uint64_t sum = odd_starts + backslashes;
    carry = sum < backslashes ? 1 : 0;
    return (kEven ^ sum << 1) & behind;
}
#endif

// Behind the closing quote of the string whose opening quote is at `at`, in well-formed JSON; `end` where it has none.
inline const char* skip_string(const char* at, const char* end) {
    ++at;
#if defined(__SSE2__)
    if (end - at >= 16) {  // most strings are short
        const __m128i block = load(at);
        const unsigned found = mask(_mm_or_si128(equal(block, '"'), equal(block, '\\')));
        if (found == 0) {
            at += 16;
        } else if (at[first(found)] == '"') {
            return at + first(found) + 1;
        }
    }
    std::uint64_t carry = 0;
    for (; end - at >= 64; at += 64) {
        const std::uint64_t closing = equal64(at, '"') & ~escaped64(equal64(at, '\\'), carry);
        if (closing != 0) return at + std::countr_zero(closing) + 1;
    }
    at += carry;
#endif
    while (at < end && *at != '"') at += *at == '\\' ? 2 : 1;
    return at < end ? at + 1 : end;
}

}  // namespace weir::json::bytes
