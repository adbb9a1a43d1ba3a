#include "gateway/example_indexer.h"

#include <utility>

#include "base/background_thread.h"
#include "base/log.h"

namespace weir::gateway {

using tiers::student::StudentKey;

namespace {

constexpr std::chrono::microseconds kLookEvery = std::chrono::milliseconds(200);
constexpr int kPause = 4;  // times the processor time of a look, after it

}  // namespace

ExampleIndexer::ExampleIndexer(store::ExampleStore& examples, tiers::ExampleShelf& shelf)
    : examples_(examples), shelf_(shelf) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

ExampleIndexer::~ExampleIndexer() {
    stop();
}

void ExampleIndexer::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void ExampleIndexer::wanted(std::set<std::string> cascades) {
    {
        const std::lock_guard lock(mutex_);
        wanted_ = std::move(cascades);
        woken_ = true;
    }
    changed_.notify_all();
}

void ExampleIndexer::purge(std::string_view tenant, std::uint64_t task) {
    const std::lock_guard lock(shelf_mutex_);
    ++purges_;
    shelf_.take_away([&](const StudentKey& key) {
        return (tenant.empty() || key.tenant == tenant) && (task == 0 || key.task == task);
    });
}

void ExampleIndexer::run(const std::stop_token& stop) {
    lower_thread_priority();
    std::chrono::microseconds pause = kLookEvery;
    bool busy = false;  // then nobody wakes it before its time
    while (!stop.stop_requested()) {
        std::set<std::string> wanted;
        {
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, stop, pause, [&] { return woken_ && !busy; });
            woken_ = false;
            wanted = wanted_;
        }
        if (stop.stop_requested()) return;
        const Micros before = thread_processor_micros();
        const std::vector<store::ExampleTask> tasks = examples_.tasks();
        drop_orphans(tasks, wanted);
        for (const store::ExampleTask& task : tasks) {
            if (stop.stop_requested()) return;
            if (!wanted.contains(task.course.cascade)) continue;
            Task& state = tasks_[task_key(task)];
            const bool lost = task.count.kept < std::exchange(state.kept, task.count.kept);
            if (task.count.added < state.next && !lost) continue;
            state.next = task.count.added + 1 + task.count.added / kGrowth;
            look(task);
        }
        const std::chrono::microseconds rest(kPause * (thread_processor_micros() - before));
        busy = rest > kLookEvery;
        pause = busy ? rest : kLookEvery;
    }
}

void ExampleIndexer::look(const store::ExampleTask& task) {
    std::uint64_t purged = 0;
    {
        const std::lock_guard lock(shelf_mutex_);
        purged = purges_;  // what is purged from here on must not be shown
    }
    const auto kept = examples_.examples(task.tenant, task.course, task.task);
    if (!kept) return log_warning("examples: " + kept.error().message);
    std::map<StudentKey, std::vector<tiers::ExampleIndex::Example>> groups;
    for (const store::Example& example : *kept) {
        if (!example.content || !example.may_distil) continue;
        const StudentKey key{task.tenant, task.course.cascade, task.course.reference,
                             task.task,   example.system,      example.response_format};
        groups[key].push_back({example.prompt, example.answer, example.unix_micros});
    }
    const auto is_gone = [&](const StudentKey& key) {
        return task_key(key) == task_key(task) && !groups.contains(key);
    };
    {
        const std::lock_guard lock(shelf_mutex_);
        shelf_.take_away(is_gone);
    }
    for (const auto& [key, examples] : groups) {
        auto index = tiers::ExampleIndex::make(examples);
        const std::lock_guard lock(shelf_mutex_);
        if (purges_ != purged) return;  // it is looked at again
        if (index) {
            shelf_.put(key, std::move(index));
        } else {
            shelf_.take_away([&key = key](const StudentKey& other) { return other == key; });
        }
    }
}

void ExampleIndexer::drop_orphans(const std::vector<store::ExampleTask>& tasks, const std::set<std::string>& wanted) {
    std::unique_lock lock(shelf_mutex_);
    const bool purged = std::exchange(purges_known_, purges_) != purges_;
    lock.unlock();
    if (purged) tasks_.clear();
    std::set<TaskKey> there;
    for (const store::ExampleTask& task : tasks) {
        if (!wanted.contains(task.course.cascade)) continue;
        there.emplace(task.tenant, task.course.cascade, task.course.reference, task.task);
    }
    const std::size_t before = tasks_.size();
    std::erase_if(tasks_, [&there](const auto& task) { return !there.contains(task.first); });
    if (tasks_.size() == before && !purged) return;
    lock.lock();
    shelf_.take_away([&there](const StudentKey& key) { return !there.contains(task_key(key)); });
}

}  // namespace weir::gateway
