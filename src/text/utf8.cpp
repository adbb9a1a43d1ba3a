#include "text/utf8.h"

namespace weir::text {

namespace {

bool continues(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

bool in(char32_t value, char32_t first, char32_t last) {
    return value >= first && value <= last;
}

}  // namespace

CodePoint decode(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    const unsigned char first = byte(0);
    const std::size_t left = text.size() - at;
    if (first < 0x80) return {first, 1};
    if (first >= 0xC2 && first < 0xE0 && left >= 2 && continues(byte(1))) {
        return {(first & 0x1Fu) << 6 | (byte(1) & 0x3Fu), 2};
    }
    if (first >= 0xE0 && first < 0xF0 && left >= 3 && continues(byte(1)) && continues(byte(2))) {
        const char32_t value = (first & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
        if (value >= 0x800 && !in(value, 0xD800, 0xDFFF)) return {value, 3};
    }
    if (first >= 0xF0 && first < 0xF5 && left >= 4 && continues(byte(1)) && continues(byte(2)) && continues(byte(3))) {
        const char32_t value =
            (first & 0x07u) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
        if (in(value, 0x10000, 0x10FFFF)) return {value, 4};
    }
    return {invalid_byte + first, 1};
}

std::size_t encode(char32_t value, char* to) {
    const auto put = [&](std::size_t i, char32_t bits) { to[i] = static_cast<char>(static_cast<unsigned char>(bits)); };
    if (value >= invalid_byte) {
        put(0, value - invalid_byte);
        return 1;
    }
    if (value < 0x80) {
        put(0, value);
        return 1;
    }
    if (value < 0x800) {
        put(0, 0xC0 | value >> 6);
        put(1, 0x80 | (value & 0x3F));
        return 2;
    }
    if (value < 0x10000) {
        put(0, 0xE0 | value >> 12);
        put(1, 0x80 | (value >> 6 & 0x3F));
        put(2, 0x80 | (value & 0x3F));
        return 3;
    }
    put(0, 0xF0 | value >> 18);
    put(1, 0x80 | (value >> 12 & 0x3F));
    put(2, 0x80 | (value >> 6 & 0x3F));
    put(3, 0x80 | (value & 0x3F));
    return 4;
}

char32_t to_lower(char32_t value) {
    if (value < 0x80) return in(value, 'A', 'Z') ? value + 32 : value;
    if (in(value, 0xC0, 0xDE) && value != 0xD7) return value + 32;
    if (value == 0x130) return 'i';
    if (value == 0x178) return 0xFF;
    if (in(value, 0x100, 0x137) || in(value, 0x14A, 0x177)) return value | 1;
    if (in(value, 0x139, 0x148) || in(value, 0x179, 0x17E)) return value + (value & 1);
    if (in(value, 0x391, 0x3A9) && value != 0x3A2) return value + 32;
    if (in(value, 0x410, 0x42F)) return value + 32;
    if (in(value, 0x400, 0x40F)) return value + 80;
    if (in(value, 0x460, 0x4BE) || in(value, 0x4D0, 0x52E)) return value | 1;
    if (in(value, 0x531, 0x556)) return value + 48;
    if (in(value, 0xFF21, 0xFF3A)) return value + 32;
    return value;
}

bool is_capital(char32_t value) {
    return to_lower(value) != value;
}

bool is_letter(char32_t value) {
    if (value < 0x80) return in(value | 32, 'a', 'z');
    if (value >= invalid_byte) return false;
    if (value < 0xC0) return value == 0xAA || value == 0xB5 || value == 0xBA;
    if (value == 0xD7 || value == 0xF7) return false;
    if (in(value, 0x2000, 0x2BFF))
        return in(value, 0x200C, 0x200D) || value == 0x2071 || in(value, 0x2090, 0x209C) || in(value, 0x2C00, 0x2DFF) ||
               value == 0x2126 || in(value, 0x212A, 0x212B);
    if (in(value, 0x2E00, 0x2E7F) || in(value, 0x3000, 0x3004) || in(value, 0x3008, 0x3020)) return false;
    if (value == 0x30FB || in(value, 0xFE10, 0xFE1F) || in(value, 0xFE30, 0xFE6F)) return false;
    if (in(value, 0xFF00, 0xFF20) || in(value, 0xFF3B, 0xFF40) || in(value, 0xFF5B, 0xFF65)) return false;
    if (value == 0x37E || value == 0x387 || value == 0x55D || value == 0x589 || value == 0x60C) return false;
    if (value == 0x61B || value == 0x61F || in(value, 0x66A, 0x66D) || value == 0x6D4) return false;
    if (in(value, 0x964, 0x965) || in(value, 0xE000, 0xF8FF) || in(value, 0xFFF0, 0xFFFF)) return false;
    return !in(value, 0x1F000, 0x1FAFF);  // pictures
}

bool is_space(char32_t value) {
    return value == ' ' || in(value, 9, 13) || value == 0x85 || value == 0xA0 || in(value, 0x2000, 0x200B) ||
           value == 0x2028 || value == 0x2029 || value == 0x202F || value == 0x205F || value == 0x3000 ||
           value == 0xFEFF;
}

bool is_cjk(char32_t value) {
    return in(value, 0x3005, 0x3007) || in(value, 0x3040, 0x30FF) || in(value, 0x3400, 0x4DBF) ||
           in(value, 0x4E00, 0x9FFF) || in(value, 0xAC00, 0xD7AF) || in(value, 0xF900, 0xFAFF) ||
           in(value, 0x20000, 0x3FFFF);
}

}  // namespace weir::text
