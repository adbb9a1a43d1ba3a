// Scanning for the bytes that end or spoil a line, 16 at a time where SSE2 is there; private to this room.
// Thread rule: pure functions. None reads outside [at, end).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace weir::http {

namespace bytes_detail {

constexpr std::array<bool, 256> make_token_bytes() {
    std::array<bool, 256> table{};
    for (const char c :
         std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
        table[static_cast<std::uint8_t>(c)] = true;
    }
    return table;
}
inline constexpr std::array<bool, 256> kTokenBytes = make_token_bytes();

}  // namespace bytes_detail

// RFC 9110 section 5.6.2: what names and methods are made of.
inline bool is_token_byte(char c) {
    return bytes_detail::kTokenBytes[static_cast<std::uint8_t>(c)];
}

inline char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// A control byte that no line may hold: below 0x20 except the tab, and 0x7f. CR and LF are among them.
inline bool is_control(char c) {
    return (static_cast<std::uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f;
}

// The first control byte (see is_control), or `end`.
inline const char* find_control(const char* at, const char* end) {
#ifdef __SSE2__
    const __m128i last_control = _mm_set1_epi8(0x1f);
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i rubout = _mm_set1_epi8(0x7f);
    for (; end - at >= 16; at += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block);
        const __m128i hit =
            _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(block, tab), low), _mm_cmpeq_epi8(block, rubout));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hit));
        if (mask != 0) return at + std::countr_zero(mask);
    }
#endif
    while (at != end && !is_control(*at)) ++at;
    return at;
}

// The first byte that is not a visible ASCII character (0x21 to 0x7e), or `end`.
inline const char* find_invisible(const char* at, const char* end) {
#ifdef __SSE2__
    const __m128i first_visible = _mm_set1_epi8(0x21);
    const __m128i rubout = _mm_set1_epi8(0x7f);
    for (; end - at >= 16; at += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        // Signed: bytes from 0x80 are negative, so they are below 0x21 too.
        const __m128i hit = _mm_or_si128(_mm_cmplt_epi8(block, first_visible), _mm_cmpeq_epi8(block, rubout));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hit));
        if (mask != 0) return at + std::countr_zero(mask);
    }
#endif
    while (at != end && *at > 0x20 && *at < 0x7f) ++at;
    return at;
}

// The first byte that is no token byte, or `end`.
inline const char* find_token_end(const char* at, const char* end) {
#ifdef __SSE2__
    // Letters, digits and hyphens by the block; what else a token may hold is rare and left to the table.
    const auto is_between = [](__m128i block, char first, char last) {
        const __m128i offset = _mm_sub_epi8(block, _mm_set1_epi8(first));
        return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(static_cast<char>(last - first))), offset);
    };
    for (; end - at >= 16; at += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i letters = is_between(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 'z');
        const __m128i others = _mm_or_si128(is_between(block, '0', '9'), _mm_cmpeq_epi8(block, _mm_set1_epi8('-')));
        const unsigned mask = ~static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(letters, others))) & 0xFFFFU;
        if (mask != 0) {
            at += std::countr_zero(mask);
            break;
        }
    }
#endif
    while (at != end && is_token_byte(*at)) ++at;
    return at;
}

// The first CR or LF, or `end`.
inline const char* find_line_break(const char* at, const char* end) {
#ifdef __SSE2__
    const __m128i feed = _mm_set1_epi8('\n');
    const __m128i carriage = _mm_set1_epi8('\r');
    const auto hits = [&](const char* p) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        return _mm_or_si128(_mm_cmpeq_epi8(block, feed), _mm_cmpeq_epi8(block, carriage));
    };
    for (; end - at >= 32; at += 32) {
        const __m128i first = hits(at);
        const __m128i second = hits(at + 16);
        if (_mm_movemask_epi8(_mm_or_si128(first, second)) == 0) continue;
        const auto mask =
            static_cast<unsigned>(_mm_movemask_epi8(first)) | static_cast<unsigned>(_mm_movemask_epi8(second)) << 16;
        return at + std::countr_zero(mask);
    }
#endif
    while (at != end && *at != '\n' && *at != '\r') ++at;
    return at;
}

}  // namespace weir::http
