#include "base/secret.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace weir {
namespace {

constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

}  // namespace

Result<void> fill_with_chance(char* bytes, std::size_t count) {
    for (std::size_t got = 0; got < count;) {
        const ssize_t more = getrandom(bytes + got, count - got, 0);
        if (more < 0 && errno == EINTR) continue;
        if (more < 0) return fail(ErrorCode::io, std::string("the system gives no chance: ") + std::strerror(errno));
        got += static_cast<std::size_t>(more);
    }
    return {};
}

Result<std::string> draw_letters(std::size_t count) {
    constexpr unsigned kFair = 256 / kLetters.size() * kLetters.size();  // a byte beyond would favour the first ones
    std::string drawn;
    while (drawn.size() < count) {
        std::array<char, 64> bytes{};
        if (auto filled = fill_with_chance(bytes.data(), bytes.size()); !filled) return tl::unexpected(filled.error());
        for (const char byte : bytes) {
            const auto value = static_cast<unsigned char>(byte);
            if (value < kFair && drawn.size() < count) drawn += kLetters[value % kLetters.size()];
        }
    }
    return drawn;
}

}  // namespace weir
