// Keeps what the reference said as training examples, on disk, for the students and for `weir export`: append-only
// files (example_files.h), one for each tenant, cascade and reference. What has to be taken out (text/redaction.h) is
// taken out before anything is written, digests included. Beyond an age or a number the oldest go. A crash of the
// process loses what waits in the queue, one of the machine the last seconds; a last record cut short is dropped at the
// next start. Thread rule: offer() from any thread, also a reactor's: it never waits for the disk. One writer thread.
// Everything else from any thread but a reactor's. Limits: Options::most_waiting drafts and most_waiting_bytes wait,
// more are dropped (counted); kMostOpenFiles at a time, kMostFileBytes each, kMostExampleFiles in all; those of
// example.h for each text.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/example.h"
#include "text/redaction.h"

namespace weir::store {

// The same, ready to be used, for one reference.
struct ExampleRules {
    ExampleCourse course;
    bool content = false;     // else digests alone
    bool may_distil = false;  // the reference's provider allows it
    Micros keep_micros = 0;
    std::uint64_t most = 0;
    text::Redaction redaction;
};

// What is to be kept. Without content the texts are forgotten once their digests are made.
struct ExampleDraft {
    std::shared_ptr<const ExampleRules> rules;
    std::string tenant;
    Micros unix_micros = 0;
    RequestId request = 0;
    std::uint64_t task = 0;
    std::string model, api;
    std::string system, response_format;  // empty: none
    std::string prompt, answer;
    bool repeat = false;     // known to have been asked before
    ExampleVector vector{};  // of the prompt
};

// Of one task: how many are kept now, and how many were added since the start, those found there included. `added`
// never falls while any is kept, so a trainer can tell by it that a quarter has come on top.
struct ExampleCount {
    std::uint64_t kept = 0, added = 0;
};
struct ExampleTask {
    std::string tenant;
    ExampleCourse course;
    std::uint64_t task = 0;
    ExampleCount count;
};

struct ExampleCounters {
    std::uint64_t kept = 0;     // written
    std::uint64_t dropped = 0;  // the queue was full, or there were too many files
    std::uint64_t unfit = 0;    // a text was empty or too long
    std::uint64_t failed = 0;   // the disk refused
};

class ExampleStore {
  public:
    static constexpr std::size_t kMostOpenFiles = 64;
    static constexpr std::uint64_t kMostFileBytes = 256ull << 20;

    struct Options {
        std::string folder;  // made at the first example
        const Clock* clock = nullptr;
        std::size_t most_waiting = 1'024;
        std::size_t most_waiting_bytes = 16u << 20;
        Micros sweep_micros = 3'600'000'000;  // how often old examples are looked for
        std::uint64_t most_file_bytes = kMostFileBytes;
    };
    // Looks through what is there for old examples, on its own thread.
    static std::unique_ptr<ExampleStore> open(const Options& options);
    ~ExampleStore();  // writes what waits

    void offer(ExampleDraft draft);
    void flush();  // what was offered before the call is written

    // What is kept for the tenant, oldest first; `task` 0: of all tasks. What waits is not among it. Errors: io,
    // invalid.
    Result<std::vector<Example>> examples(std::string_view tenant, const ExampleCourse& course,
                                          std::uint64_t task) const;
    // From memory; at first they wait until all files have been looked through. By tenant, cascade, reference, task.
    ExampleCount count(std::string_view tenant, const ExampleCourse& course, std::uint64_t task);
    std::vector<ExampleTask> tasks();

    // What was kept for the tenant is gone when it returns, and so is what is still on its way of requests up to now.
    // An empty tenant: all of them. Error io: some of it may be left.
    Result<void> purge(std::string_view tenant);
    // The same for one task; an empty tenant: whoever's it is.
    Result<void> purge_task(std::string_view tenant, std::uint64_t task);

    ExampleCounters counters() const;

  private:
    struct File;
    using FilePtr = std::shared_ptr<File>;
    struct Purged {
        std::string tenant;      // empty: all
        std::uint64_t task = 0;  // 0: all
        Micros until = 0;
    };

    explicit ExampleStore(const Options& options) : options_(options) {}
    void run();
    // The following hold files_mutex_.
    void write(ExampleDraft& draft);
    Result<FilePtr> file_of(const std::string& tenant, const ExampleCourse& course, const ExampleRules* rules);
    bool purged(const ExampleDraft& draft) const;
    Result<void> append(File& file, const ExampleDraft& draft, Example example);
    Result<void> keep_text(File& file, std::uint64_t digest, const std::string& text);
    Result<void> trim(File& file);
    Result<void> shorten(File& file, const std::function<bool(const Example&)>& keep);
    void sweep();
    void failing(const Error& error);
    Result<void> purge(const Purged& what);
    // Takes counts_mutex_.
    void note_kept(const File& file, std::uint64_t task);
    void set_kept(const ExampleHeader& of, const std::unordered_map<std::uint64_t, std::uint64_t>& kept);

    const Options options_;

    std::mutex queue_mutex_;
    std::condition_variable wanted_, written_;
    std::deque<ExampleDraft> queue_;
    std::size_t queued_bytes_ = 0;
    std::uint64_t offered_ = 0, done_ = 0;
    bool stop_ = false;
    ExampleCounters counters_;
    mutable std::mutex counters_mutex_;

    std::mutex files_mutex_;   // held while the disk is waited for
    std::list<FilePtr> open_;  // the one used last comes first
    std::size_t files_ = 0;    // in the folder
    std::vector<Purged> purged_;
    bool write_failing_ = false;

    using FileKey = std::tuple<std::string, std::string, std::string>;  // tenant, cascade, reference
    std::mutex counts_mutex_;
    std::condition_variable counted_;
    bool looked_through_ = false;
    std::map<FileKey, std::map<std::uint64_t, ExampleCount>> counts_;  // by task

    std::thread writer_;
};

}  // namespace weir::store
