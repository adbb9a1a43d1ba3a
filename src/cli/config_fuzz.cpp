// Whatever the text, loading ends, with options or with at least one error, and no secret is in a message.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::cli;
    constexpr std::string_view kSecret = "sk-never-to-be-shown";
    LoadSettings settings;
    settings.environment = [kSecret](const std::string&) { return std::string(kSecret); };
    const LoadResult loaded = load_config_text({reinterpret_cast<const char*>(data), size}, "f", settings);
    if (!loaded && loaded.error().empty()) std::abort();
    for (const Diagnostic& each : loaded ? loaded->warnings : loaded.error()) {
        // A secret of the input itself may be shown; one that only the environment has may not.
        const bool in_input =
            std::string_view(reinterpret_cast<const char*>(data), size).find(kSecret) != std::string_view::npos;
        if (each.message.empty() || each.line < 0 || (!in_input && each.message.find(kSecret) != std::string::npos))
            std::abort();
    }
    return 0;
}
