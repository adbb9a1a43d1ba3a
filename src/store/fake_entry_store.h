// An EntryStore in memory for tests, whose disk can be slow, full or broken.
// Thread rule: calls from several threads are allowed. Shared outlives the store, as a disk does.
// Limits: none; the oldest are never dropped by themselves.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "store/entry_store.h"

namespace weir::store {

class FakeEntryStore final : public EntryStore {
  public:
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        std::map<Digest256, std::string> values;
        bool hold_puts = false;
        bool hold_gets = false;
        int holding = 0;  // calls that wait
        bool fail = false;
        int puts = 0;
        int gets = 0;

        void hold(bool Shared::*which, bool on) {
            const std::scoped_lock lock(mutex);
            this->*which = on;
            changed.notify_all();
        }
        void wait_until_held() {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return holding > 0; });
        }
    };

    explicit FakeEntryStore(Shared& shared) : shared_(shared) {}

    Result<void> put(std::span<const Put> entries) override {
        std::unique_lock lock(shared_.mutex);
        wait_while(lock, &Shared::hold_puts);
        if (shared_.fail) return fail(ErrorCode::io, "no space left");
        ++shared_.puts;
        for (const Put& entry : entries) shared_.values[entry.key] = entry.value;
        return {};
    }
    Result<std::optional<std::string>> get(const Digest256& key) override {
        std::unique_lock lock(shared_.mutex);
        ++shared_.gets;
        const auto at = shared_.values.find(key);
        const std::optional<std::string> found = at == shared_.values.end() ? std::nullopt : std::optional(at->second);
        wait_while(lock, &Shared::hold_gets);
        if (shared_.fail) return fail(ErrorCode::io, "broken");
        return found;
    }
    Result<void> erase(std::span<const Digest256> keys) override {
        const std::scoped_lock lock(shared_.mutex);
        for (const Digest256& key : keys) shared_.values.erase(key);
        return {};
    }
    Result<void> each_key(const std::function<void(const Digest256&, std::size_t)>& visit) override {
        const std::scoped_lock lock(shared_.mutex);
        if (shared_.fail) return fail(ErrorCode::io, "broken");
        for (const auto& [key, value] : shared_.values) visit(key, value.size());
        return {};
    }
    Result<void> newest_first(const std::function<bool(const Digest256&, std::string_view)>& visit) override {
        const std::scoped_lock lock(shared_.mutex);
        if (shared_.fail) return fail(ErrorCode::io, "broken");
        for (const auto& [key, value] : shared_.values) {  // by key: when they came is not kept
            if (!visit(key, value)) break;
        }
        return {};
    }
    std::uint64_t bytes() const override {
        const std::scoped_lock lock(shared_.mutex);
        return shared_.values.size();
    }

  private:
    void wait_while(std::unique_lock<std::mutex>& lock, bool Shared::*held) {
        ++shared_.holding;
        shared_.changed.notify_all();
        shared_.changed.wait(lock, [&] { return !(shared_.*held); });
        --shared_.holding;
    }
    Shared& shared_;
};

}  // namespace weir::store
