// For the tests of the exact cache: a loop to come back to, entries, folders.
// Thread rule: LoopExecutor::post() from any thread, run_one() from one. Limits: none.
#pragma once

#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include "tiers/exact_cache/exact_cache.h"

namespace weir::tiers {

// A loop as a reactor has one: what is posted is resumed by the thread that runs it.
class LoopExecutor final : public Executor {
  public:
    void post(std::coroutine_handle<> resume) override {
        const std::scoped_lock lock(mutex_);
        posted_.push_back(resume);
        ready_.notify_one();  // under the lock: the loop's thread may end right after
    }

    void run_one() {
        std::coroutine_handle<> resume;
        {
            std::unique_lock lock(mutex_);
            ready_.wait(lock, [&] { return !posted_.empty(); });
            resume = posted_.front();
            posted_.pop_front();
        }
        ++resumed_;
        resume.resume();
    }
    int resumed() const { return resumed_; }

  private:
    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::coroutine_handle<>> posted_;
    int resumed_ = 0;
};

class TempFolder {
  public:
    TempFolder() : path_((std::filesystem::temp_directory_path() / "weir-exact-XXXXXX").string()) {
        if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
    }
    ~TempFolder() { std::filesystem::remove_all(path_); }
    TempFolder(const TempFolder&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

inline std::unique_ptr<store::EntryStore> open_store(const std::string& folder, std::uint64_t max_bytes) {
    auto opened = store::LmdbEntryStore::open({folder, max_bytes});
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
}

inline Digest256 key_of(std::uint64_t number) {
    return sha256(std::to_string(number));
}

inline ExactCache::EntryPtr entry_of(std::string body, const Clock& clock) {
    CacheEntry entry;
    entry.body = std::move(body);
    entry.model = "openai/gpt-4o-mini";
    entry.usage = {.input_uncached = 10, .output = 5, .reported = true};
    entry.cost = Usd{1234};
    entry.priced = true;
    entry.created_unix_micros = clock.unix_micros();
    return std::make_shared<const CacheEntry>(std::move(entry));
}

}  // namespace weir::tiers
