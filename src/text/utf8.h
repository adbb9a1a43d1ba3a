// UTF-8, one code point at a time, and the letters we know the small form of. Invalid bytes are code points of their
// own. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::text {

struct CodePoint {
    char32_t value = 0;      // invalid_byte + the byte where the text is no UTF-8
    std::uint32_t size = 0;  // bytes, at least 1
};
constexpr char32_t invalid_byte = 0x110000;

// at < text.size(). Overlong forms, surrogates and values over U+10FFFF are invalid.
CodePoint decode(std::string_view text, std::size_t at);
// Writes at most 4 bytes, returns how many. `value` may be an invalid byte.
std::size_t encode(char32_t value, char* to);

// Small form: ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic, Armenian, full-width Latin; else the same.
char32_t to_lower(char32_t value);
bool is_capital(char32_t value);
bool is_letter(char32_t value);  // also marks that go with letters
bool is_space(char32_t value);   // also line ends and no-break spaces
// Written without spaces between words: Han, Kana, Hangul syllables.
bool is_cjk(char32_t value);

}  // namespace weir::text
