// Metrics, traces and the access log of a whole gateway. Reactors count and hand over what they settled
// (lane_telemetry.h); a thread of its own, with a reactor of its own, writes the access log and sends OTLP: a collector
// or a disk that is slow or gone costs the gateway nothing but what is lost then, and counted.
// Thread rule: add_lane(), start() and stop() from the main thread; the rest from any.
// Limits: those of the parts; stop() takes at most about kFlushMicros.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "telemetry/lane_telemetry.h"
#include "telemetry/name_texts.h"
#include "telemetry/options.h"
#include "telemetry/totals.h"

namespace weir::telemetry {

constexpr Micros kPumpMicros = 100'000;     // how often settled requests are fetched
constexpr Micros kBatchMicros = 1'000'000;  // how long spans wait for more of them
constexpr std::size_t kBatchBytes = 512u << 10;
constexpr Micros kFlushMicros = 2'000'000;
constexpr std::size_t kMostTaskNames = 10'000;

class Telemetry {
  public:
    explicit Telemetry(const Options& options = {});
    ~Telemetry();  // as stop()
    Telemetry(const Telemetry&) = delete;
    Telemetry& operator=(const Telemetry&) = delete;

    LaneTelemetry& add_lane();  // before start(); lives as long as this
    // Opens what is configured and starts the thread, where there is anything to do. Errors: io (the access log),
    // invalid (the endpoint).
    Result<void> start(const Clock& clock, NameLookup names);
    void stop();    // sends and writes what is there
    void reopen();  // the access log: somebody has moved its file

    struct Losses {
        std::uint64_t traces = 0, metrics = 0;  // spans, data points
        std::uint64_t settled = 0;              // requests that the telemetry thread was too slow for
        std::uint64_t access_log = 0;           // lines
    };
    Losses losses() const;
    struct Sent {
        std::uint64_t traces = 0, metrics = 0;
        std::size_t waiting_bytes = 0;
    };
    Sent sent() const;
    std::size_t waiting() const;  // settled requests
    bool exports() const { return options_.otlp.has_value(); }
    bool has_access_log() const { return !options_.access_log.empty(); }
    Totals totals() const;
    // From now on totals() has the name; the first one that a task was given. Of a tenant's tasks no two have the same.
    void name_task(std::uint64_t task, std::string_view name);

  private:
    struct Thread;  // what lives on the thread

    mutable std::mutex names_mutex_;
    std::unordered_map<std::uint64_t, std::string> task_names_;
    const Options options_;
    LaneTelemetry::Parts parts_;
    std::vector<std::unique_ptr<LaneTelemetry>> lanes_;
    std::unique_ptr<Thread> thread_;
};

}  // namespace weir::telemetry
