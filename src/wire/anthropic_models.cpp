#include "wire/anthropic_models.h"

namespace weir::wire::anthropic {
namespace {

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

// The first number of one or two digits that is a part of the name by itself ("4" in "opus-4-6", not a date), times
// ten, and the one right behind it: 46. 0: there is none.
int version_of(std::string_view name) {
    int version = 0;
    bool has_major = false;
    while (!name.empty()) {
        const std::string_view part = name.substr(0, name.find_first_of("-.@:"));
        name.remove_prefix(part.size() < name.size() ? part.size() + 1 : part.size());
        const bool number = !part.empty() && part.size() <= 2 && is_digit(part.front()) && is_digit(part.back());
        if (!number) {
            if (has_major) break;
            continue;
        }
        const int value = part.size() == 1 ? part[0] - '0' : (part[0] - '0') * 10 + part[1] - '0';
        if (has_major) return version + (value > 9 ? 9 : value);
        version = value * 10;
        has_major = true;
    }
    return version;
}

bool has(std::string_view name, std::string_view family) {
    return name.find(family) != std::string_view::npos;
}

}  // namespace

ModelTraits traits_of(std::string_view model) {
    const std::size_t begin = model.find("claude");
    if (begin == std::string_view::npos) return {};
    model.remove_prefix(begin + 6);
    const int version = version_of(model);
    ModelTraits traits;
    traits.max_output = 128'000;
    traits.sampling = false;
    if (version == 0) return traits;
    traits.sampling = version < 47;
    traits.effort = version >= 46 || (version == 45 && has(model, "opus"));
    if (version < 35) {
        traits.max_output = 4096;
    } else if (version < 37) {
        traits.max_output = 8192;
    } else if (version < 45 && has(model, "opus")) {
        traits.max_output = 32'000;
    } else if (version < 46) {
        traits.max_output = 64'000;
    }
    return traits;
}

}  // namespace weir::wire::anthropic
