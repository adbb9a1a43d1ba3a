#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/config_values.h"
#include "cli/doctor_parts.h"
#include "cli/report_command.h"
#include "cli/report_text.h"
#include "limits/key_file.h"
#include "store/ledger_reader.h"
#include "store/ledger_schema.h"
#include "store/report.h"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

std::string why() {
    return std::strerror(errno);
}

bool examine_folder(const std::string& folder, Findings& findings) {
    std::error_code error;
    const fs::file_status status = fs::status(folder, error);
    if (!fs::exists(status)) {
        fs::path parent = fs::absolute(folder, error).parent_path();
        while (!parent.empty() && parent != parent.root_path() && !fs::exists(parent, error)) {
            parent = parent.parent_path();
        }
        if (access(parent.c_str(), W_OK | X_OK) == 0) {
            findings.ok("data", folder + " is not there yet: it is made at the first start");
        } else {
            findings.fail("data", folder + " is not there and can't be made in " + parent.string() + ": " + why(),
                          "make it, and let the gateway's user write in it");
        }
        return false;
    }
    if (!fs::is_directory(status)) {
        findings.fail("data", folder + " is no folder", "move it away, or name another one (data:)");
        return false;
    }
    if (const Result<void> wrote = try_to_write(folder); !wrote) {
        findings.fail("data", wrote.error().message, "let the gateway's user write in it, or make room");
        return false;
    }
    findings.ok("data", folder + " can be written");
    return true;
}

std::uint64_t bytes_on_disk(const std::string& folder) {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        struct stat info {};
        if (stat(it->path().c_str(), &info) == 0) bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
    }
    return bytes;
}

void examine_space(const gateway::Options& options, Findings& findings) {
    std::error_code error;
    const fs::space_info space = fs::space(options.data_folder, error);
    if (error) return;
    const std::uint64_t cached = bytes_on_disk(options.data_folder + "/cache");
    const std::uint64_t grows = options.cache.disk_bytes > cached ? options.cache.disk_bytes - cached : 0;
    const auto text = [](std::uint64_t bytes) { return format_size(bytes >> 20U << 20U); };
    const std::string has = text(space.available) + " are free for the data folder";
    if (space.available < kLeastFreeBytes) {
        findings.fail("disk", has + ": ledger and caches will soon not be written", "make room");
    } else if (space.available < grows + kLeastFreeBytes) {
        findings.warn("disk", has + ", but the cache may grow by " + text(grows),
                      "make room, or lower cache.disk (" + format_size(options.cache.disk_bytes) + ")");
    } else {
        findings.ok("disk", has + "; the cache may grow by " + text(grows));
    }
}

void examine_ledger(const std::string& folder, Micros now, Findings& findings) {
    const auto total = store::report(folder, {});
    if (!total) {
        if (total.error().code == ErrorCode::not_found) {
            findings.ok("ledger", "there is none yet: it is made at the first start");
        } else {
            findings.fail(
                "ledger", total.error().message,
                "where it is an older version start the gateway once; else put the newest copy in its place, or "
                "move it away to begin anew");
        }
        return;
    }
    std::uint64_t ahead = 0;
    Micros newest = 0;
    const auto read =
        store::for_each_ledger_row(folder, now + kClockSlackMicros, INT64_MAX, [&](const store::NamedRow& named) {
            ++ahead;
            newest = std::max(newest, unix_micros_of(named.row.id));
        });
    if (!read) {
        findings.fail("ledger", read.error().message, "put the newest copy in its place, or move it away");
        return;
    }
    if (ahead > 0) {
        findings.fail("clock",
                      with_thousands(ahead) + " rows of the ledger are of the future, up to " + people_time(newest) +
                          " UTC: the clock goes wrong now, or did then",
                      "set the clock, and keep it by NTP; reports and budgets go by it");
    }
    findings.ok("ledger", "readable, version " + std::to_string(store::kLedgerVersion) + ", " +
                              with_thousands(total->total.requests) + " requests");
}

void examine_writer(const std::string& folder, bool gateway_runs, Findings& findings) {
    const std::string writer = store::folder_writer(folder);
    if (writer.empty() && gateway_runs) {
        findings.warn("lock", "a gateway answers at the admin address, but nobody writes in " + folder,
                      "it runs on another configuration: name its file with -c");
    } else if (writer.empty()) {
        findings.ok("lock", "nobody writes in the data folder");
    } else if (gateway_runs) {
        findings.ok("lock", writer + " writes in the data folder");
    } else {
        findings.warn("lock", writer + " writes in the data folder, but no gateway answers at the admin address",
                      "stop it before this configuration is served, or name another folder (data:)");
    }
}

void examine_keys(const gateway::Options& options, Micros now, Findings& findings) {
    const auto records = limits::load_keys(options.data_folder + "/keys.jsonl");
    if (!records) {
        findings.fail("keys", records.error().message,
                      "put a copy of the file in its place: without it the gateway does not start");
        return;
    }
    std::size_t good = 0;
    for (const limits::KeyRecord& key : *records) {
        const bool expired = key.expires_unix_micros != 0 && key.expires_unix_micros <= now;
        if (key.revoked_unix_micros == 0 && !expired) ++good;
    }
    const std::size_t configured = options.keys.size();
    if (records->empty() && configured == 0 && !options.require_key) {
        findings.ok("keys", "none: whoever reaches the address may ask");
    } else if (good + configured == 0) {
        findings.warn("keys", "a key is asked for, and none is good", "make one: weir keys create --tenant NAME");
    } else {
        findings.ok("keys", std::to_string(good) + " of " + std::to_string(records->size()) + " made keys are good; " +
                                std::to_string(configured) + " are configured");
    }
}

}  // namespace

Result<void> try_to_write(const std::string& folder) {
    std::string name = folder + "/doctor-XXXXXX";
    const int file = mkstemp(name.data());
    if (file < 0) return fail(ErrorCode::io, "no file can be made in " + folder + ": " + why());
    const std::string bytes(4096, 'w');
    const bool written = write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    const std::string problem = written ? "" : why();
    close(file);
    unlink(name.c_str());
    if (written) return {};
    return fail(ErrorCode::io, "nothing can be written in " + folder + ": " + problem);
}

void examine_data(const gateway::Options& options, Micros now, bool gateway_runs, Findings& findings) {
    if (!examine_folder(options.data_folder, findings)) return;
    examine_space(options, findings);
    examine_writer(options.data_folder, gateway_runs, findings);
    examine_ledger(options.data_folder, now, findings);
    examine_keys(options, now, findings);
    examine_state(options, findings);
}

}  // namespace weir::cli
