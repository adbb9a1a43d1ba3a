#include "store/ledger_writer.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "store/ledger_batch.h"
#include "store/ledger_fold.h"
#include "store/rollup_backfill.h"
#include "store/rollups.h"

namespace weir::store {
namespace {

constexpr std::chrono::seconds kComplaintInterval{10};

// Signals are the business of other threads.
std::thread start_thread_without_signals(auto function) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread thread(std::move(function));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(thread.native_handle(), "ledger");
    return thread;
}

}  // namespace

LedgerWriter::LedgerWriter(const SqliteLedger::Options& options, Database& database, std::mutex& database_mutex,
                           LedgerTables tables)
    : options_(options),
      database_(database),
      database_mutex_(database_mutex),
      tables_(std::move(tables)),
      ring_file_(options.folder, std::max(1U, options.lanes), ring_bytes(options.ring_rows)),
      pending_rows_(options.fold_rows) {  // so that what a killed process left is folded first
    const std::size_t lanes = std::max(1U, options.lanes);
    for (std::size_t i = 0; i < lanes; ++i) {
        lanes_.push_back(std::make_unique<Lane>(ring_file_.marks(i), ring_file_.bytes(i), options.ring_rows));
    }
    // Before a ring is full, too: half of it is left for what comes while the writer commits.
    wake_depth_ = std::clamp<std::size_t>(options.commit_rows / lanes, 1, lanes_.front()->ring.capacity() / 2);
    thread_ = start_thread_without_signals([this] { run(); });
}

LedgerWriter::~LedgerWriter() {
    stopping_ = true;
    bell_.ring();
    thread_.join();
}

bool LedgerWriter::append(unsigned lane_index, const LedgerRow& row) {
    Lane& lane = *lanes_[lane_index];
    if (row.id < 0) {
        lane.refused.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    if (!lane.ring.push(row)) {
        if (!options_.drop_when_full) return false;
        lane.dropped.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    const Doorbell::State writer = bell_.state();
    if (writer == Doorbell::State::parked || (writer == Doorbell::State::napping && lane.ring.depth() >= wake_depth_)) {
        bell_.ring();
    }
    return true;
}

void LedgerWriter::name_task(unsigned lane_index, std::uint64_t task, std::string_view name) {
    Lane& lane = *lanes_[lane_index];
    {
        const std::lock_guard lock(lane.names_mutex);
        if (lane.names.size() >= kMaxPendingTaskNames) return;  // the disk is stuck; a report shows the digest
        lane.names.push_back({task, std::string(name.substr(0, kMaxTaskNameBytes))});
    }
    lane.has_names.store(true, std::memory_order_seq_cst);
    if (bell_.state() == Doorbell::State::parked) bell_.ring();
}

Result<void> LedgerWriter::flush() {
    const std::uint64_t failed_before = failed_;
    const std::uint64_t ticket = ++flush_requested_;
    bell_.ring();
    std::unique_lock lock(flush_mutex_);
    if (!flush_finished_.wait_for(lock, kMaxFlushWait, [&] { return flush_done_ >= ticket; })) {
        return fail(ErrorCode::timeout, "the ledger could not be written within 30 s");
    }
    if (failed_ != failed_before) return fail(ErrorCode::io, "rows of the ledger were lost: " + last_failure_);
    return {};
}

LedgerCounters LedgerWriter::counters() const {
    LedgerCounters counters;
    counters.written = written_;
    counters.failed = failed_;
    counters.commits = commits_;
    for (const auto& lane : lanes_) {
        counters.appended += lane->ring.pushed() + lane->refused.load(std::memory_order_relaxed);
        counters.dropped += lane->dropped.load(std::memory_order_relaxed);
    }
    return counters;
}

bool LedgerWriter::work_waits() const {
    return std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) {
        return lane->ring.head() != lane->ring.tail() || lane->has_names.load(std::memory_order_seq_cst);
    });
}

bool LedgerWriter::is_deep() const {
    return std::any_of(lanes_.begin(), lanes_.end(),
                       [this](const auto& lane) { return lane->ring.depth() >= wake_depth_; });
}

bool LedgerWriter::is_urgent() const {
    return stopping_ || flush_requested_ != flush_done_;
}

void LedgerWriter::finish_flush(std::uint64_t ticket) {
    if (flush_done_ == ticket) return;
    report_drops();
    const std::lock_guard lock(flush_mutex_);
    flush_done_ = ticket;
    flush_finished_.notify_all();
}

void LedgerWriter::run() {
    for (;;) {
        const bool stopping = stopping_;
        const std::uint64_t ticket = flush_requested_;  // read before the rings: the rows before the call are in them
        if (work_waits()) {
            if (!is_urgent()) {
                bell_.wait(Doorbell::State::napping, options_.commit_interval_micros,
                           [this] { return is_deep() || is_urgent(); });
            }
            if (write_batch(stopping) == Written::yes) finish_flush(ticket);
            if (fold_is_due(false)) {
                fold();
            } else if (rollups_left_) {
                tend_rollups();
            }
            continue;
        }
        finish_flush(ticket);
        if (fold_is_due(stopping))
            fold();
        else if (stopping)
            return;
        else if (rollups_left_)
            tend_rollups();
        else
            park();
    }
}

void LedgerWriter::park() {
    std::optional<Micros> timeout;
    if (pending_rows_ != 0) {
        const auto left = std::chrono::ceil<std::chrono::microseconds>(fold_due_ - std::chrono::steady_clock::now());
        timeout = std::max<Micros>(left.count(), 0);
    }
    bell_.wait(Doorbell::State::parked, timeout, [this] { return work_waits() || is_urgent(); });
}

bool LedgerWriter::fold_is_due(bool stopping) const {
    if (pending_rows_ == 0) return false;
    return stopping || pending_rows_ >= options_.fold_rows || std::chrono::steady_clock::now() >= fold_due_;
}

void LedgerWriter::fold() {
    const std::lock_guard database_lock(database_mutex_);
    const auto folded = fold_pending(database_, tables_);
    fold_due_ = std::chrono::steady_clock::now() + std::chrono::microseconds(options_.fold_interval_micros);
    if (!folded) {
        // The rows are safe where they are; the next group tries again.
        complain("rows stay unsorted: " + folded.error().message);
        pending_rows_ = stopping_ ? 0 : 1;
        return;
    }
    pending_rows_ = 0;
    rollups_left_ = true;
    if (folded->damaged != 0) lose(folded->damaged, "pending rows on disk are damaged");
}

// A step at a time: what those of an older ledger lack, then a unit that is over.
void LedgerWriter::tend_rollups() {
    const std::lock_guard database_lock(database_mutex_);
    auto left = backfill_rollups(database_, tables_);
    if (left && !*left) left = close_next_unit(database_, tables_);
    rollups_left_ = left && *left;
    if (!left) complain("rollups wait for the next rows: " + left.error().message);
}

void LedgerWriter::take_rows() {
    batch_.clear();
    batch_rows_ = 0;
    for (const auto& lane : lanes_) {
        lane->taken_head = lane->ring.head();
        lane->taken_rows = lane->ring.copy_to(lane->taken_head, batch_);
        batch_rows_ += lane->taken_rows;
    }
}

// Only once they are on disk (or given up): until then a killed process leaves them in the ring.
void LedgerWriter::release_rows() {
    for (const auto& lane : lanes_) lane->ring.release(lane->taken_head, lane->taken_rows);
}

void LedgerWriter::take_names() {
    for (const auto& lane : lanes_) {
        if (!lane->has_names.exchange(false, std::memory_order_seq_cst)) continue;
        const std::lock_guard lock(lane->names_mutex);
        std::move(lane->names.begin(), lane->names.end(), std::back_inserter(batch_names_));
        lane->names.clear();
    }
    if (batch_names_.size() > kMaxPendingTaskNames * lanes_.size()) batch_names_.clear();  // the disk is gone for good
}

LedgerWriter::Written LedgerWriter::write_batch(bool final) {
    const std::lock_guard database_lock(database_mutex_);
    auto transaction = Transaction::begin(database_, "BEGIN IMMEDIATE");
    if (!transaction && database_.last_error_was_busy() && !final) {
        complain("waits for another process: " + transaction.error().message);
        return Written::try_again;  // the rows stay in their rings
    }
    take_rows();
    take_names();  // after the rows, so that a row's name is never committed after it
    const auto written = transaction ? write_rows(*transaction) : tl::unexpected(transaction.error());
    if (written) {
        if (pending_rows_ == 0) {
            fold_due_ = std::chrono::steady_clock::now() + std::chrono::microseconds(options_.fold_interval_micros);
        }
        pending_rows_ += batch_rows_;
        written_ += batch_rows_;
        if (batch_rows_ != 0) recent_.add(batch_);
        ++commits_;
        batch_names_.clear();
    } else {
        lose(batch_rows_, written.error().message);
    }
    release_rows();
    report_drops();
    return Written::yes;
}

Result<void> LedgerWriter::write_rows(Transaction& transaction) {
    if (batch_rows_ != 0 && !tables_.add_pending(batch_)) return tl::unexpected(database_.last_error());
    for (const TaskName& task : batch_names_) {
        if (!tables_.name_task(task.task, task.name)) return tl::unexpected(database_.last_error());
    }
    return transaction.commit();
}

void LedgerWriter::lose(std::uint64_t rows, const std::string& why) {
    {
        const std::lock_guard lock(flush_mutex_);
        last_failure_ = why;
    }
    failed_ += rows;
    complain(std::to_string(rows) + " rows lost: " + why);
}

void LedgerWriter::complain(const std::string& what) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_complaint_) return;
    next_complaint_ = now + kComplaintInterval;
    log_error("ledger: " + what + " (" + std::to_string(failed_) + " rows lost so far)");
}

void LedgerWriter::report_drops() {
    std::uint64_t refused = 0;
    for (const auto& lane : lanes_) refused += lane->refused.load(std::memory_order_relaxed);
    if (refused != refused_seen_) lose(refused - std::exchange(refused_seen_, refused), "their ids are negative");
    const std::uint64_t dropped = counters().dropped;
    if (dropped == drops_reported_) return;
    drops_reported_ = dropped;
    complain(std::to_string(dropped) + " rows dropped because a lane was full");
}

}  // namespace weir::store
