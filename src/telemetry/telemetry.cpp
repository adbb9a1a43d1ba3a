#include "telemetry/telemetry.h"

#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "base/background_thread.h"
#include "telemetry/access_log.h"
#include "telemetry/otlp_envelope.h"
#include "telemetry/otlp_metrics.h"
#include "telemetry/otlp_sender.h"
#include "telemetry/otlp_spans.h"

namespace weir::telemetry {
namespace {

constexpr std::size_t kBatchMargin = 64u << 10;  // for the request that fills a batch

std::array<std::uint64_t, 2> random_seed() {
    std::random_device device;
    const auto draw = [&] { return std::uint64_t{device()} << 32 | device(); };
    return {draw(), draw()};
}

LaneTelemetry::Parts parts_of(const Options& options) {
    const bool traces = options.otlp && options.otlp->traces;
    LaneTelemetry::Parts parts{std::make_shared<LabelTable>(kTierLabels, options.label_sets), nullptr,
                               TraceIds(random_seed(), options.otlp ? options.otlp->sample : 0, traces)};
    if (options.otlp && options.otlp->metrics) parts.models = std::make_shared<ModelTable>(1, kMostModels);
    parts.traces = traces;
    parts.access_log = !options.access_log.empty();
    return parts;
}

}  // namespace

struct Telemetry::Thread {
    Thread(const Telemetry& owner, const Clock& clock, NameLookup look_up)
        : telemetry(owner), reactor(clock, 0), names(std::move(look_up)), batch(names) {
        started_unix_micros = clock.unix_micros();
        last_report = batch_begun = reactor.now();
    }

    Task<void> pump();
    void fetch();
    void begin_batch();
    void send_batch();
    void report_metrics();
    void ended();
    void run();
    void stop();

    const Telemetry& telemetry;
    net::Reactor reactor;
    NameTexts names;
    SpanBatch batch;
    const OtlpEnvelope envelope{random_seed()};
    std::unique_ptr<AccessLog> log;      // null: none
    std::unique_ptr<OtlpSender> sender;  // null: OTLP is off
    Micros started_unix_micros = 0, last_report = 0, batch_begun = 0;
    bool stopping = false;  // on the thread
    std::atomic<bool> reopen{false};

    std::mutex mutex;
    std::condition_variable changed;
    unsigned running = 0;  // coroutines
    std::thread thread;
};

namespace {

Task<void> watched(Task<void> task, std::function<void()> ended) {
    co_await task;
    ended();
}

}  // namespace

void Telemetry::Thread::fetch() {
    for (const auto& lane : telemetry.lanes_) {
        if (lane->ring() == nullptr) continue;
        lane->ring()->take([this](const Settled& settled) {
            if (log && settled.row.purpose == store::Purpose::request) log->add(settled, names);
            if (!sender || !settled.note.trace.recorded) return;
            if (batch.spans() == 0) begin_batch();
            batch.add(settled);
            if (batch.bytes() >= kBatchBytes) send_batch();
        });
    }
    if (!log) return;
    log->write();
    if (reopen.exchange(false)) log->reopen();
}

void Telemetry::Thread::begin_batch() {
    batch_begun = reactor.now();
    batch.reserve(kBatchBytes + kBatchMargin);
}

void Telemetry::Thread::send_batch() {
    OtlpSender::Report report;
    report.items = batch.spans();
    report.body = batch.take(sender->spare());
    envelope.put_around(report.body);
    report.made = reactor.now();
    sender->add(std::move(report));
}

void Telemetry::Thread::report_metrics() {
    last_report = reactor.now();
    OtlpSender::Report report;
    report.signal = Signal::metrics;
    report.body = render_otlp_metrics(telemetry.totals(), {started_unix_micros, reactor.clock().unix_micros()}, names,
                                      report.items);
    envelope.put_around(report.body);
    report.made = last_report;
    sender->add(std::move(report));
}

Task<void> Telemetry::Thread::pump() {
    while (true) {
        const bool last = stopping;
        fetch();
        const Micros now = reactor.now();
        if (sender) {
            if (batch.spans() > 0 && (last || now - batch_begun >= kBatchMicros)) send_batch();
            const bool due = last || now - last_report >= telemetry.options_.otlp->interval_micros;
            if (due && telemetry.options_.otlp->metrics) report_metrics();
        }
        if (last) break;
        co_await reactor.sleep(kPumpMicros);
    }
    if (sender) sender->stop(reactor.now() + kFlushMicros);
}

void Telemetry::Thread::ended() {
    const std::lock_guard lock(mutex);
    --running;
    changed.notify_one();
}

void Telemetry::Thread::run() {
    running = sender ? 2 : 1;
    const std::function<void()> tell = [this] { ended(); };
    reactor.call([this, tell] {
        spawn(watched(pump(), tell));
        if (sender) spawn(watched(sender->run(), tell));
    });
    thread = std::thread([this] {
        lower_thread_priority();
        reactor.run();
    });
}

void Telemetry::Thread::stop() {
    if (!thread.joinable()) return;
    reactor.call([this] { stopping = true; });
    {
        std::unique_lock lock(mutex);
        changed.wait_for(lock, std::chrono::microseconds(2 * kFlushMicros), [this] { return running == 0; });
    }
    reactor.stop();
    thread.join();
}

Telemetry::Telemetry(const Options& options) : options_(options), parts_(parts_of(options)) {}

Telemetry::~Telemetry() {
    stop();
}

LaneTelemetry& Telemetry::add_lane() {
    lanes_.push_back(std::make_unique<LaneTelemetry>(parts_));
    return *lanes_.back();
}

Result<void> Telemetry::start(const Clock& clock, NameLookup names) {
    if (!exports() && !has_access_log()) return {};
    auto thread = std::make_unique<Thread>(*this, clock, std::move(names));
    if (has_access_log()) {
        auto opened = AccessLog::open(options_.access_log);
        if (!opened) return tl::unexpected(opened.error());
        thread->log = std::move(*opened);
    }
    if (exports()) {
        auto made = OtlpSender::make(thread->reactor, *options_.otlp);
        if (!made) return tl::unexpected(made.error());
        thread->sender = std::move(*made);
    }
    thread_ = std::move(thread);
    thread_->run();
    return {};
}

void Telemetry::stop() {
    if (thread_) thread_->stop();
}

void Telemetry::reopen() {
    if (thread_) thread_->reopen = true;
}

Telemetry::Losses Telemetry::losses() const {
    Losses losses;
    for (const auto& lane : lanes_) {
        if (lane->ring() != nullptr) losses.settled += lane->ring()->lost();
    }
    if (thread_ && thread_->log) losses.access_log = thread_->log->lost();
    if (thread_ && thread_->sender) {
        losses.traces = thread_->sender->dropped(Signal::traces);
        losses.metrics = thread_->sender->dropped(Signal::metrics);
    }
    return losses;
}

Telemetry::Sent Telemetry::sent() const {
    if (!thread_ || !thread_->sender) return {};
    const OtlpSender& sender = *thread_->sender;
    return {sender.sent(Signal::traces), sender.sent(Signal::metrics), sender.waiting()};
}

std::size_t Telemetry::waiting() const {
    std::size_t waiting = 0;
    for (const auto& lane : lanes_) waiting += lane->ring() != nullptr ? lane->ring()->waiting() : 0;
    return waiting;
}

Totals Telemetry::totals() const {
    Totals totals = sum_up(lanes_);
    const std::lock_guard lock(names_mutex_);
    for (LabelTotals& line : totals.labels) {
        const auto found = task_names_.find(line.set.task);
        if (found != task_names_.end()) line.task_name = found->second;
    }
    return totals;
}

void Telemetry::name_task(std::uint64_t task, std::string_view name) {
    const std::lock_guard lock(names_mutex_);
    if (task_names_.size() < kMostTaskNames) task_names_.try_emplace(task, name);
}

}  // namespace weir::telemetry
