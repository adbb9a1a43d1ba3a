#include "text/refusal.h"

#include <algorithm>
#include <array>
#include <string>

#include "text/phrases.h"

namespace weir::text {

bool refuses(std::string_view answer) {
    constexpr std::array<std::string_view, 8> kSaid{"i'm sorry, but",      "i am sorry, but",     "i'm unable to",
                                                    "i am unable to",      "i'm not able to",     "i am not able to",
                                                    "i don't have access", "i do not have access"};
    constexpr std::array<std::string_view, 3> kUnable{"i can't ", "i cannot ", "i can not "};
    constexpr std::array<std::string_view, 16> kDeeds{"help",    "assist",  "provide", "answer", "fulfill",  "fulfil",
                                                      "comply",  "do that", "do this", "create", "generate", "write",
                                                      "discuss", "access",  "browse",  "engage"};
    constexpr std::array<std::string_view, 3> kMachines{"as an ai", "as a language model",
                                                        "as an artificial intelligence"};
    const std::string start = normal_start(answer, kRefusalBytes);
    const auto stands = [&start](std::string_view phrase) { return says(start, phrase); };
    if (std::any_of(kSaid.begin(), kSaid.end(), stands) || std::any_of(kMachines.begin(), kMachines.end(), stands)) {
        return true;
    }
    for (const std::string_view unable : kUnable) {
        for (const std::string_view deed : kDeeds) {
            if (stands(std::string(unable) + std::string(deed))) return true;
        }
    }
    return false;
}

}  // namespace weir::text
