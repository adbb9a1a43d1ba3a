// Whatever the text, importing ends: with at least one error, or with a configuration that loads (or none), the same
// one each time, in which nothing of the source is passed over in silence.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cli/litellm_import.h"
#include "cli/litellm_testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::cli;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto made = import_litellm(text, "config.yaml");
    if (!made) {
        if (made.error().empty()) std::abort();
        for (const Diagnostic& each : made.error()) {
            if (each.message.empty() || each.line < 0) std::abort();
        }
        return 0;
    }
    if (!made->yaml.empty() && !load_config_text(made->yaml, "weir.yaml", made->check_settings)) std::abort();
    const auto again = import_litellm(text, "config.yaml");
    if (!again || again->yaml != made->yaml) std::abort();
    std::vector<Diagnostic> errors;
    std::optional<ConfigNode> root = parse_yaml(text, "f", errors);
    if (!root || merge_yaml_keys(*root)) std::abort();
    if (!testing::not_spoken_of(*root, made->tale).empty()) std::abort();
    return 0;
}
