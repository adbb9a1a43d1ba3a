// `weir keys`: callers' keys of a running gateway: made, listed, changed, revoked. The gateway alone writes the file
// they are kept in, so that there is one writer and every change holds at once; where none runs, that is what is said.
// Thread rule: called once, by main's thread; waits for the gateway.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/config.h"
#include "cli/table.h"

namespace weir::cli {

struct KeysArguments {
    std::string config_file;
    std::string action = "list";  // create, set, revoke
    std::string key;              // for set and revoke: id or beginning
    std::optional<std::string> tenant, name, models, rpm, tpm, parallel, expires;
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0, 1 the gateway can't be asked or refuses, 2 wrong arguments or configuration.
int keys_command(const KeysArguments& arguments, const LoadSettings& settings, std::ostream& out, std::ostream& err);

// The body that the arguments ask for. Error invalid.
Result<std::string> key_wish_body(const KeysArguments& arguments);
// What GET /api/keys says, for people. Error invalid: it says something else.
Result<std::string> render_keys_table(std::string_view body);

}  // namespace weir::cli
