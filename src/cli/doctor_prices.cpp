#include <sys/stat.h>

#include <algorithm>

#include "cli/doctor_parts.h"
#include "cli/report_command.h"
#include "gateway/model_directory.h"

namespace weir::cli {
namespace {

constexpr std::string_view kTopic = "prices";
constexpr std::size_t kMostNames = 8;

std::string listed(const std::vector<std::string>& names) {
    std::string out;
    for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) out += (i > 0 ? ", " : "") + names[i];
    if (names.size() > kMostNames) out += " and " + std::to_string(names.size() - kMostNames) + " more";
    return out;
}

struct Looked {
    std::vector<std::string> unknown, old;
    std::size_t known = 0;
    std::string oldest = "9999";
};

void look(const gateway::ModelRoute& route, Micros now, Looked& looked) {
    if (!route.price) {
        looked.unknown.push_back(route.full_name);
        return;
    }
    ++looked.known;
    const std::string& date = route.price->as_of;
    const std::optional<Micros> read = parse_since(date, INT64_MAX);
    if (date.empty() || !read || now - *read <= kPricesStaleMicros) return;
    looked.old.push_back(route.full_name);
    looked.oldest = std::min(looked.oldest, date);
}

void look_at_file(const std::string& file, Micros now, Findings& findings) {
    struct stat info {};
    if (file.empty() || stat(file.c_str(), &info) != 0) return;
    const Micros age = now - static_cast<Micros>(info.st_mtime) * 1'000'000;
    if (age <= kPricesStaleMicros) return;
    findings.warn(std::string(kTopic),
                  file + " was last written " + std::to_string(age / (24LL * 3600 * 1'000'000)) + " days ago",
                  "get a newer one: prices change");
}

}  // namespace

void examine_prices(const gateway::Options& options, Micros now, Findings& findings) {
    const std::string topic(kTopic);
    const auto directory = gateway::ModelDirectory::build(options);
    if (!directory) {
        findings.fail(topic, directory.error().message, "mend the file, or take prices: out");
        return;
    }
    Looked looked;
    std::vector<std::string> seen;
    const auto look_once = [&](const Result<gateway::ModelRoute>& route) {
        if (!route || std::find(seen.begin(), seen.end(), route->full_name) != seen.end()) return;
        seen.push_back(route->full_name);
        look(*route, now, looked);
    };
    for (const gateway::ModelOptions& model : options.models) look_once(directory->resolve(model.full_name(), ""));
    for (const cascade::CascadeOptions& each : options.cascades) {
        for (const std::string& glob : each.match_models) {
            if (glob.find_first_of("*?") == std::string::npos) {
                look_once(directory->resolve(glob, each.reference_provider));
            }
        }
    }
    if (!looked.unknown.empty()) {
        findings.warn(
            topic,
            "no price is known of " + listed(looked.unknown) + ": what they cost and save is reported as unknown",
            "give them one (models.NAME.price), or lay a list over the built-in one (prices: FILE)");
    }
    if (!looked.old.empty()) {
        findings.warn(
            topic,
            "prices of " + listed(looked.old) + " were read more than 90 days ago, the oldest on " + looked.oldest,
            "update weir, lay a newer list over the built-in one (prices: FILE), or set models.NAME.price");
    }
    look_at_file(options.prices_file, now, findings);
    findings.ok(topic, std::to_string(looked.known) + " of " + std::to_string(seen.size()) +
                           " models and references that are named have a price");
}

}  // namespace weir::cli
