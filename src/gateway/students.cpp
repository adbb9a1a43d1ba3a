#include "gateway/students.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <utility>

#include "base/background_thread.h"
#include "base/files.h"
#include "base/log.h"

namespace weir::gateway {

using tiers::student::StudentKey;

namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(200);
constexpr Micros kMostCredit = 10'000'000;
constexpr int kCreditShare = 5;            // a fifth of the time that passes
constexpr std::uint64_t kLeastShare = 50;  // of the examples are new ones at the next look
constexpr double kGrowthInVain = 2;        // until what was too varied is tried again
constexpr std::size_t kMostSinceBytes = 32;

std::uint64_t next_by(double growth, std::uint64_t added) {
    return static_cast<std::uint64_t>(growth * static_cast<double>(added)) + 1;
}

void for_each_file(const std::string& folder, const std::function<void(const std::filesystem::path&)>& visit) {
    std::error_code error;
    std::vector<std::filesystem::path> files;  // first all of them: visitors remove some
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        files.push_back(it->path());
    }
    for (const std::filesystem::path& file : files) visit(file);
}

}  // namespace

Students::Students(store::ExampleStore& examples, tiers::student::StudentShelf& shelf, std::string folder,
                   const Clock& clock)
    : examples_(examples), shelf_(shelf), folder_(std::move(folder)), clock_(clock) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Students::~Students() {
    stop();
}

void Students::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void Students::wanted(std::set<std::string> cascades) {
    {
        const std::lock_guard lock(mutex_);
        wanted_ = std::move(cascades);
        woken_ = true;
    }
    changed_.notify_all();
}

void Students::purge(std::string_view tenant, std::uint64_t task) {
    const auto is_meant = [&](const StudentKey& key) {
        return (tenant.empty() || key.tenant == tenant) && (task == 0 || key.task == task);
    };
    const std::string begin = tenant.empty() ? std::string() : tiers::student::file_begin(tenant);
    const std::string digits = "-" + to_hex(task) + "-";
    const std::lock_guard files(files_mutex_);
    ++purges_;
    for (const auto& student : shelf_.all()) {
        if (is_meant(student->key)) shelf_.take_away(student->key);
    }
    for_each_file(folder_, [&](const std::filesystem::path& file) {
        const std::string name = file.filename().string();
        const bool of_task = task == 0 || name.find(digits) == tiers::student::file_begin(tenant).size() - 1;
        std::error_code error;
        if (name.starts_with(begin) && of_task) std::filesystem::remove(file, error);
        if (error) log_warning("students: " + file.string() + ": " + error.message());
    });
    const std::lock_guard lock(mutex_);
    std::erase_if(views_, [&](const auto& view) { return is_meant(view.first); });
    std::erase_if(looked_, [&](const auto& of) {
        return (tenant.empty() || std::get<0>(of.first) == tenant) && (task == 0 || std::get<3>(of.first) == task);
    });
    repeats_changed_ = true;
}

std::uint64_t Students::purges() const {
    const std::lock_guard lock(files_mutex_);
    return purges_;
}

std::string Students::file_of(const StudentKey& key) const {
    return folder_ + "/" + file_name(key) + ".student";
}

void Students::remove_files(const StudentKey& key) const {
    std::error_code error;
    std::filesystem::remove(file_of(key), error);
    for (const std::string_view end : kStudentFileEnds) std::filesystem::remove(file_of(key) + std::string(end), error);
}

void Students::run(const std::stop_token& stop) {
    lower_thread_priority();  // what it may take at most says the credit, also where the machine is idle
    clean_up();
    while (!stop.stop_requested()) {
        std::set<std::string> wanted, training;
        std::set<TaskKey> hurried;
        {
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, stop, kLookEvery, [this] { return woken_; });
            woken_ = false;
            wanted = training = wanted_;
            for (const auto& [cascade, measure] : measures_) {
                if (measure.told) wanted.insert(cascade);
            }
            hurried = std::exchange(hurried_, {});
        }
        const std::vector<store::ExampleTask> tasks = examples_.tasks();
        drop_orphans(tasks);
        note_added(tasks);
        tell_repeats();
        for (const auto& [key, since] : shelf_.outdated()) begin_anew(key, since);
        if (wanted.empty()) continue;
        for (const store::ExampleTask& task : tasks) {
            if (stop.stop_requested()) return;
            if (!wanted.contains(task.course.cascade)) continue;
            const TaskKey key = task_key(task);
            Task& state = tasks_[key];
            if (state.looked && task.count.added < state.next && !hurried.contains(key)) continue;
            if (is_suspicious(task)) continue;
            rest(stop);
            const Micros before = thread_processor_micros();
            look(task, state, training.contains(task.course.cascade), stop);
            credit_ -= thread_processor_micros() - before;
        }
    }
}

// What the reference says at present may be of another world than what it has said.
bool Students::is_suspicious(const store::ExampleTask& task) const {
    const auto students = shelf_.find(task.tenant, task.course.cascade, task.course.reference, task.task);
    return students &&
           std::any_of(students->begin(), students->end(), [](const auto& student) { return student->suspicious(); });
}

void Students::rest(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const Micros now = clock_.steady_micros();
        credit_ = credited_ == 0 ? kMostCredit : std::min(kMostCredit, credit_ + (now - credited_) / kCreditShare);
        credited_ = now;
        if (credit_ > 0) return;
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, kLookEvery, [] { return false; });
    }
}

void Students::look(const store::ExampleTask& task, Task& state, bool trains, const std::stop_token& stop) {
    const std::uint64_t purged = purges();  // what is purged from here on must not be learned from
    const auto kept = examples_.examples(task.tenant, task.course, task.task);
    state.looked = true;
    if (!kept) {
        state.next = next_by(kGrowth, task.count.added);  // else it would say so five times a second
        return log_warning("students: " + kept.error().message);
    }
    SelfAgreement itself;
    const Groups groups = groups_of(task, *kept, itself);
    if (!trains) {
        state.next = next_by(kGrowth, task.count.added);
        return note_kept(task, {}, itself, state.next, purged);
    }
    const bool first = !std::exchange(state.opened, true);
    bool learned = false, too_varied = false;
    std::uint64_t least = kFirstExamples;  // that are still to come, of those that have too few
    for (const auto& [key, examples] : groups) {
        if (first) {
            const std::lock_guard files(files_mutex_);
            if (purged == purges_ && put(key)) {
                learned = true;
                continue;
            }
        }
        if (const std::uint64_t more = missing(examples, read_marks(file_of(key))); more > 0) {
            least = std::min(least, more);
            continue;
        }
        const Learned came = train(key, examples, purged, stop);
        if (came == Learned::called_off) return;  // next time
        (came == Learned::yes ? learned : too_varied) = true;
    }
    if (learned || too_varied) {
        state.next = next_by(learned ? kGrowth : kGrowthInVain, task.count.added);
    } else {
        // Not for each that comes, where many instructions have a few each.
        state.next = task.count.added + std::max(least, task.count.added / kLeastShare);
    }
    note_kept(task, groups, itself, state.next, purged);
}

// The file that is there into service.
bool Students::put(const StudentKey& key) {
    const std::string file = file_of(key);
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return false;
    auto model = tiers::student::Student::open(file);
    if (!model) {
        log_warning("students: " + model.error().message);
        return false;
    }
    auto student = std::make_shared<tiers::student::ShelvedStudent>(key, std::move(*model), written_unix_micros(file));
    if (const auto others = shelf_.find(key.tenant, key.cascade, key.reference, key.task)) {
        for (const auto& other : *others) {
            if (other->key == key) student->follow(*other);
        }
    }
    const StudentMarks marks = read_marks(file);
    const bool before = std::filesystem::exists(file + ".before", error);
    const std::lock_guard lock(mutex_);
    View& view = views_[key];
    const std::uint64_t kept = view.kept, wanted = view.wanted;
    view = {key, student->model->examples(), student->trained_unix_micros, student->model->bytes(), {}};
    view.kind = to_string(student->model->kind());
    view.features = student->model->features();
    view.kept = kept;
    view.wanted = wanted;
    view.marks = marks;
    view.before = before;
    view.versions = read_versions(file);
    if (view.marks.demoted_unix_micros == 0) shelf_.put(std::move(student));
    return true;
}

Students::Learned Students::train(const StudentKey& key, const std::vector<const store::Example*>& examples,
                                  std::uint64_t purges, const std::stop_token& stop) {
    std::vector<tiers::student::StudentExample> shown;
    shown.reserve(examples.size());
    for (const store::Example* example : examples) {
        const store::ExampleVector& vector = example->vector;
        const auto* const codes = reinterpret_cast<const std::int8_t*>(vector.codes.data());
        shown.push_back({example->prompt, example->answer, {vector.model, {codes, vector.codes.size()}, vector.scale}});
    }
    const Micros rolled_back = read_marks(file_of(key)).rolled_back_unix_micros;
    const Micros before = thread_processor_micros();
    const auto bytes = tiers::student::Student::train(shown, {}, stop);
    training_micros_ += thread_processor_micros() - before;
    if (!bytes && bytes.error().code == ErrorCode::canceled) return Learned::called_off;
    const std::lock_guard files(files_mutex_);
    if (purges_ != purges || read_marks(file_of(key)).rolled_back_unix_micros != rolled_back) {
        return Learned::called_off;
    }
    if (!bytes) {
        note(key, bytes.error().message, true);
        return Learned::too_varied;
    }
    std::error_code error;
    make_folder();
    const std::string file = file_of(key);
    // There is a whole file by its name at every moment. What is mapped stays readable under its other name.
    std::filesystem::remove(file + ".before", error);
    std::filesystem::create_hard_link(file, file + ".before", error);
    if (auto written = write_file(file, *bytes); !written) {
        log_warning("students: " + written.error().message);
        note(key, "it can't be written");
        return Learned::yes;
    }
    if (auto noted = note_version(file, {clock_.unix_micros(), examples.size(), bytes->size()}); !noted) {
        log_warning("students: " + noted.error().message);
    }
    if (auto unheld = unmark(file, ".held"); !unheld) log_warning("students: " + unheld.error().message);
    ++trained_;
    if (put(key)) {
        log_info("students: task " + to_hex(key.task) + ": a student of " + std::to_string(examples.size()) +
                 " examples, " + std::to_string(bytes->size()) + " bytes");
    }
    return Learned::yes;
}

// Kept beside the student, so that a restart does not learn from what is outdated.
Micros Students::learned_since(const StudentKey& key) const {
    const auto text = read_file(file_of(key) + ".since", kMostSinceBytes);
    Micros since = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), since);
    return since;
}

void Students::begin_anew(const StudentKey& key, Micros since) {
    const auto kept = examples_.examples(key.tenant, {key.cascade, key.reference}, key.task);
    const std::lock_guard files(files_mutex_);
    shelf_.take_away(key);  // another one may have been made of the same meanwhile
    const std::string file = file_of(key);
    // Its own alone: a task that the caller names may have others, whose examples are more.
    std::uint64_t stay = 0;
    if (kept) {
        for (const store::Example& example : *kept) {
            const bool own = example.system == key.system && example.response_format == key.response_format;
            if (own && example.unix_micros >= since) ++stay;
        }
    }
    // First of all: whatever happens in between, nothing older is learned from again.
    if (auto written = write_file(file + ".since", std::to_string(since)); !written) {
        log_warning("students: " + written.error().message);
    }
    std::error_code error;
    std::filesystem::remove(file, error);
    std::filesystem::remove(file + ".before", error);
    std::filesystem::remove(file + ".held", error);
    const StudentMarks marks = read_marks(file);
    log_info("students: task " + to_hex(key.task) + ": the reference says what the student can't; it begins anew");
    const auto count = examples_.count(key.tenant, {key.cascade, key.reference}, key.task);
    Task& task = tasks_[task_key(key)];
    task.next = count.added + kFirstExamples - std::min(stay, kFirstExamples);
    const std::lock_guard lock(mutex_);
    View& view = views_[key];
    view = {key, 0, 0, 0, "the reference says what the student could not"};
    view.kept = stay;
    view.wanted = kFirstExamples;
    view.marks = marks;
}

void Students::note(const StudentKey& key, std::string why, bool varied) {
    const std::lock_guard lock(mutex_);
    View& view = views_[key];
    view.key = key;
    view.varied = varied;
    view.why = std::move(why);
}

void Students::drop_orphans(const std::vector<store::ExampleTask>& tasks) {
    // A task that was purged begins at nothing, also where it has examples again.
    if (const std::uint64_t purged = purges(); std::exchange(purges_known_, purged) != purged) {
        for (auto& [key, task] : tasks_) task = {};
    }
    std::set<TaskKey> there;
    for (const store::ExampleTask& task : tasks) {
        there.emplace(task.tenant, task.course.cascade, task.course.reference, task.task);
    }
    const auto is_gone = [&there](const StudentKey& key) { return !there.contains(task_key(key)); };
    std::erase_if(tasks_, [&there](const auto& task) { return !there.contains(task.first); });
    const std::lock_guard files(files_mutex_);
    for (const auto& student : shelf_.all()) {
        if (is_gone(student->key)) shelf_.take_away(student->key);
    }
    const std::lock_guard lock(mutex_);
    std::erase_if(looked_, [&there](const auto& of) { return !there.contains(of.first); });
    std::erase_if(views_, [&](const auto& view) {
        if (!is_gone(view.first)) return false;
        remove_files(view.first);
        return true;
    });
}

// What an earlier run has left: files half written, and of tasks that have no examples any more.
void Students::clean_up() {
    std::set<std::string> begins;
    for (const store::ExampleTask& task : examples_.tasks()) {
        begins.insert(tiers::student::file_begin(task.tenant, task.task));
    }
    const std::lock_guard files(files_mutex_);
    for_each_file(folder_, [&](const std::filesystem::path& file) {
        const std::string name = file.filename().string();
        const std::size_t begin = tiers::student::file_begin({}, 0).size();
        const bool half = name.find(".part") != std::string::npos;
        std::error_code error;
        if (half || !begins.contains(name.substr(0, begin))) std::filesystem::remove(file, error);
    });
}

}  // namespace weir::gateway
