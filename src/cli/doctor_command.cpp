#include "cli/doctor_command.h"

#include <ostream>

#include "cli/doctor_parts.h"

namespace weir::cli {
namespace {

// The configuration, as far as it can be read: where only secrets are missing, or files that it names are not what they
// should be, the rest is looked at all the same.
std::optional<LoadedConfig> examine_configuration(const DoctorArguments& arguments, const LoadSettings& settings,
                                                  bool& whole, Findings& findings) {
    LoadSettings own = settings;
    own.prices = nullptr;  // looked at by examine_prices()
    LoadResult loaded = load_config(arguments.config_file, own);
    whole = loaded.has_value();
    if (!loaded) {
        for (const Diagnostic& each : loaded.error()) {
            findings.fail("configuration", to_string(each), "docs/formats.md lists every key");
        }
        own.secrets = false;
        own.adapter_fits = nullptr;
        loaded = load_config(arguments.config_file, own);
        if (!loaded) return std::nullopt;
    }
    for (const Diagnostic& each : loaded->warnings) {
        findings.warn("configuration", to_string(each), "docs/formats.md lists every key");
    }
    if (whole) {
        findings.ok("configuration", arguments.config_file + ": " + std::to_string(loaded->options.providers.size()) +
                                         " providers, " + std::to_string(loaded->options.models.size()) + " models, " +
                                         std::to_string(loaded->options.cascades.size()) + " cascades");
    }
    return std::move(*loaded);
}

void examine(const gateway::Options& options, Micros now, bool asks_providers, Findings& findings) {
    const bool gateway_runs = examine_addresses(options, findings);
    examine_open_files(options.limits.connections, open_files_limit(), findings);
    examine_data(options, now, gateway_runs, findings);
    examine_access_log(options.telemetry.access_log, findings);
    examine_prices(options, now, findings);
    examine_local_models(options, gateway_runs, findings);
    if (asks_providers) {
        examine_providers(options, findings);
    } else {
        findings.ok("provider", "none was asked for its models");
    }
}

}  // namespace

int doctor_command(const DoctorArguments& arguments, const LoadSettings& settings, const Clock& clock,
                   std::ostream& out, std::ostream& err) {
    if (settings.readable && !settings.readable(arguments.config_file)) {
        err << "weir doctor: " << arguments.config_file << ": no readable file there (-c names the configuration)\n";
        return 2;
    }
    Findings findings;
    examine_versions(findings);
    examine_clock(clock.unix_micros(), findings);
    bool whole = false;
    if (const auto loaded = examine_configuration(arguments, settings, whole, findings)) {
        examine(loaded->options, clock.unix_micros(), whole && !arguments.offline, findings);
    }
    out << (arguments.format == OutputFormat::json ? findings.json(arguments.config_file) : findings.table());
    return findings.fine() ? 0 : 1;
}

}  // namespace weir::cli
