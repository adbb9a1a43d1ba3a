#include "cli/health_command.h"

#include <ostream>

#include "cli/admin_client.h"

namespace weir::cli {

int health_command(const std::string& config_file, const LoadSettings& settings, std::ostream& out, std::ostream& err) {
    LoadSettings without_secrets = settings;
    without_secrets.secrets = false;
    const LoadResult loaded = load_config(config_file, without_secrets);
    if (!loaded) {
        for (const Diagnostic& error : loaded.error()) err << to_string(error) << "\n";
        return 2;
    }
    const Result<AdminReply> reply = ask_admin(loaded->options, "GET", "/health/ready");
    if (!reply) {
        err << "weir health: " << reply.error().message << "\n";
        return 1;
    }
    out << reply->body << "\n";
    return reply->status == 200 ? 0 : 1;
}

}  // namespace weir::cli
