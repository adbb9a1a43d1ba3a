#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "admin/metrics.h"
#include "base/version.h"

namespace weir::admin {
namespace {

std::uint64_t resident_bytes() {
    std::uint64_t total = 0, resident = 0;
    if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
        std::fclose(file);
    }
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// To the microsecond, however many they are: their growth is asked for.
std::string processor_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    char text[32];
    std::snprintf(text, sizeof text, "%.6f", seconds(used.ru_utime) + seconds(used.ru_stime));
    return text;
}

std::uint64_t file_bytes(const std::string& file) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(file, error);
    return error ? 0 : bytes;
}

void ledger(gateway::Gateway& gateway, const gateway::Totals& totals, Exposition& out) {
    const store::LedgerCounters counters = gateway.ledger().counters();
    const std::string file = gateway.routes()->options().data_folder + "/ledger.sqlite";
    const std::uint64_t settled = counters.written + counters.failed;
    out.single("ledger_rows_total", "counter", "Rows written.", counters.written);
    out.single("ledger_dropped_total", "counter", "Rows lost because a ring was full.", counters.dropped);
    out.single("ledger_failed_total", "counter", "Rows lost because the disk refused.", counters.failed);
    out.single("ledger_waits_total", "counter", "Times a request waited for room in the ledger's ring.",
               totals.ledger_waits);
    out.single("ledger_rows_waiting", "gauge", "Rows that are not on disk yet.",
               counters.appended > settled ? counters.appended - settled : 0);
    out.single("ledger_bytes", "gauge", "Size of the ledger's file.", file_bytes(file));
    out.single("ledger_wal_bytes", "gauge", "Size of its write-ahead log.", file_bytes(file + "-wal"));
}

void telemetry_itself(gateway::Gateway& gateway, Exposition& out) {
    const telemetry::Telemetry& telemetry = gateway.telemetry();
    const telemetry::Telemetry::Losses losses = telemetry.losses();
    const telemetry::Telemetry::Sent sent = telemetry.sent();
    out.family("telemetry_sent_total", "counter", "Spans and data points that the collector has taken.");
    out.sample("telemetry_sent_total", {{"signal", "traces"}}, sent.traces);
    out.sample("telemetry_sent_total", {{"signal", "metrics"}}, sent.metrics);
    out.family("telemetry_dropped_total", "counter",
               "Lost: spans and data points that the collector did not take, requests that came faster than they could "
               "be told of, lines of the access log.");
    out.sample("telemetry_dropped_total", {{"signal", "traces"}}, losses.traces);
    out.sample("telemetry_dropped_total", {{"signal", "metrics"}}, losses.metrics);
    out.sample("telemetry_dropped_total", {{"signal", "requests"}}, losses.settled);
    out.sample("telemetry_dropped_total", {{"signal", "access_log"}}, losses.access_log);
    out.single("telemetry_waiting_bytes", "gauge", "What waits for the collector.", sent.waiting_bytes);
    out.single("telemetry_requests_waiting", "gauge", "Settled requests that traces and access log do not have yet.",
               telemetry.waiting());
}

}  // namespace

void add_process(gateway::Gateway& gateway, const gateway::Totals& totals, Exposition& out) {
    ledger(gateway, totals, out);
    telemetry_itself(gateway, out);
    std::string why;
    out.single("ready", "gauge", "1 while requests can be answered.", gateway.ready(why) ? 1 : 0);
    out.single("resident_memory_bytes", "gauge", "Resident memory of the gateway itself.", resident_bytes());
    out.family("cpu_seconds_total", "counter", "Processor time of the gateway itself.");
    out.sample("cpu_seconds_total", {}, processor_seconds());
    out.family("build_info", "gauge", "1; its label says what runs.");
    out.sample("build_info", {{"version", kVersion}}, 1);
}

}  // namespace weir::admin
