#include "wire/token_limit.h"

namespace weir::wire {

std::string_view token_limit_name(std::string_view model) {
    model.remove_prefix(model.rfind('/') + 1);  // npos + 1 is 0
    const auto digit = [&](std::size_t at, char least) {
        return model.size() > at && model[at] >= least && model[at] <= '9';
    };
    const bool reasons = model.starts_with('o') ? digit(1, '1') : model.starts_with("gpt-") && digit(4, '5');
    return reasons ? "max_completion_tokens" : "max_tokens";
}

}  // namespace weir::wire
