#include "store/example_store.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"
#include "store/example_files.h"

namespace weir::store {
namespace {

constexpr std::size_t kMostPurged = 1'000;  // remembered for what is still on its way

std::size_t bytes_of(const ExampleDraft& draft) {
    return sizeof draft + draft.system.size() + draft.response_format.size() + draft.prompt.size() +
           draft.answer.size() + draft.tenant.size() + draft.model.size() + draft.vector.codes.size();
}

// Tells whether the same was asked before.
std::uint64_t asked_key(const Example& example) {
    std::uint64_t key = example.prompt_digest;
    for (const std::uint64_t part : {example.task, example.system, example.response_format}) {
        key = (key ^ part) * 0x9E3779B97F4A7C15U;
        key ^= key >> 29U;
    }
    return key;
}

bool fits(const ExampleDraft& draft) {
    return !draft.prompt.empty() && !draft.answer.empty() && draft.prompt.size() <= kMostPromptBytes &&
           draft.answer.size() <= kMostAnswerBytes && draft.system.size() <= kMostContextBytes &&
           draft.response_format.size() <= kMostContextBytes && draft.tenant.size() <= kMostNameBytes &&
           draft.model.size() <= kMostNameBytes && draft.api.size() <= kMostNameBytes &&
           draft.vector.codes.size() <= kMostVectorBytes;
}

}  // namespace

// An open file, and what is remembered of it.
struct ExampleStore::File {
    ExampleHeader header;
    std::unique_ptr<RecordLog> log;
    struct Kept {
        Micros unix_micros;
        std::uint64_t task, asked;
    };
    std::deque<Kept> kept;  // in the file's order
    std::unordered_map<std::uint64_t, std::uint32_t> asked;
    std::unordered_set<std::uint64_t> texts;

    void note(const Example& example) {
        const Kept one{example.unix_micros, example.task, asked_key(example)};
        kept.push_back(one);
        ++asked[one.asked];
    }
    void forget_kept() {
        kept.clear();
        asked.clear();
        texts.clear();
    }
};

std::unique_ptr<ExampleStore> ExampleStore::open(const Options& options) {
    std::unique_ptr<ExampleStore> store(new ExampleStore(options));
    store->writer_ = std::thread([raw = store.get()] { raw->run(); });
    return store;
}

ExampleStore::~ExampleStore() {
    {
        const std::lock_guard lock(queue_mutex_);
        stop_ = true;
    }
    wanted_.notify_all();
    writer_.join();
}

void ExampleStore::offer(ExampleDraft draft) {
    const std::size_t bytes = bytes_of(draft);
    bool taken = false;
    {
        const std::lock_guard lock(queue_mutex_);
        taken = queue_.size() < options_.most_waiting && queued_bytes_ + bytes <= options_.most_waiting_bytes;
        if (taken) {
            queued_bytes_ += bytes;
            ++offered_;
            queue_.push_back(std::move(draft));
        }
    }
    if (taken) {
        wanted_.notify_one();
    } else {
        const std::lock_guard lock(counters_mutex_);
        ++counters_.dropped;
    }
}

void ExampleStore::flush() {
    std::unique_lock lock(queue_mutex_);
    const std::uint64_t until = offered_;
    written_.wait(lock, [&] { return done_ >= until; });
}

ExampleCounters ExampleStore::counters() const {
    const std::lock_guard lock(counters_mutex_);
    return counters_;
}

void ExampleStore::run() {
    sweep();
    std::unique_lock lock(queue_mutex_);
    while (true) {
        const auto due = [this] { return stop_ || !queue_.empty(); };
        if (!wanted_.wait_for(lock, std::chrono::microseconds(options_.sweep_micros), due)) {
            lock.unlock();
            sweep();
            lock.lock();
            continue;
        }
        if (queue_.empty()) return;  // stop_
        std::deque<ExampleDraft> batch;
        batch.swap(queue_);
        queued_bytes_ = 0;
        lock.unlock();
        {
            const std::lock_guard files(files_mutex_);
            for (ExampleDraft& draft : batch) write(draft);
        }
        lock.lock();
        done_ += batch.size();
        written_.notify_all();
    }
}

void ExampleStore::failing(const Error& error) {
    if (!std::exchange(write_failing_, true)) log_warning("examples: " + error.message);
    const std::lock_guard lock(counters_mutex_);
    ++counters_.failed;
}

bool ExampleStore::purged(const ExampleDraft& draft) const {
    return std::any_of(purged_.begin(), purged_.end(), [&](const Purged& what) {
        return draft.unix_micros <= what.until && (what.tenant.empty() || what.tenant == draft.tenant) &&
               (what.task == 0 || what.task == draft.task);
    });
}

// Takes out what has to go, and only then makes digests of what is left.
void ExampleStore::write(ExampleDraft& draft) {
    const auto count = [this](std::uint64_t ExampleCounters::*which) {
        const std::lock_guard lock(counters_mutex_);
        ++(counters_.*which);
    };
    if (purged(draft)) return;
    const ExampleRules& rules = *draft.rules;
    if (!fits(draft)) return count(&ExampleCounters::unfit);
    const std::size_t asked_bytes = draft.prompt.size();
    const std::uint64_t asked = example_digest(draft.tenant, draft.prompt);
    for (std::string* const text : {&draft.system, &draft.prompt, &draft.answer}) *text = rules.redaction.apply(*text);
    if (!fits(draft)) return count(&ExampleCounters::unfit);
    Example example;
    example.unix_micros = draft.unix_micros;
    example.request = draft.request;
    example.task = draft.task;
    example.model = draft.model;
    example.api = draft.api;
    const auto digest = [&](const std::string& text) { return example_digest(draft.tenant, text); };
    if (!draft.system.empty()) example.system = digest(draft.system);
    if (!draft.response_format.empty()) example.response_format = digest(draft.response_format);
    example.prompt_digest = digest(draft.prompt);
    // An embedding tells what was taken out of its text.
    const bool as_asked = draft.prompt.size() == asked_bytes && example.prompt_digest == asked;
    example.answer_digest = digest(draft.answer);
    example.prompt_bytes = static_cast<std::uint32_t>(draft.prompt.size());
    example.answer_bytes = static_cast<std::uint32_t>(draft.answer.size());
    example.json = is_json_answer(draft.answer);
    example.repeat = draft.repeat;
    example.may_distil = rules.may_distil;
    example.content = rules.content && rules.may_distil;
    if (example.content) {
        example.prompt = std::move(draft.prompt);
        example.answer = std::move(draft.answer);
        if (as_asked && draft.vector.scale > 0 && !draft.vector.codes.empty()) example.vector = std::move(draft.vector);
    }
    const Result<FilePtr> file = file_of(draft.tenant, rules.course, &rules);
    if (!file && file.error().code == ErrorCode::too_large) return count(&ExampleCounters::dropped);
    if (!file) return failing(file.error());
    Result<void> written = append(**file, draft, std::move(example));
    if (written) written = trim(**file);
    if (!written) return failing(written.error());
    write_failing_ = false;
    count(&ExampleCounters::kept);
}

Result<void> ExampleStore::keep_text(File& file, std::uint64_t digest, const std::string& text) {
    if (digest == 0 || file.texts.contains(digest)) return {};
    Result<void> written = file.log->append(write_record(ExampleText{digest, text}));
    if (written) file.texts.insert(digest);
    return written;
}

Result<void> ExampleStore::append(File& file, const ExampleDraft& draft, Example example) {
    const ExampleHeader header{draft.tenant, draft.rules->course, draft.rules->keep_micros, draft.rules->most};
    if (!(header == file.header)) {
        if (auto written = file.log->append(write_record(header)); !written) return written;
        file.header = header;
    }
    if (example.content) {
        Result<void> written = keep_text(file, example.system, draft.system);
        if (written) written = keep_text(file, example.response_format, draft.response_format);
        if (!written) return written;
    }
    example.repeat = example.repeat || file.asked.contains(asked_key(example));
    auto written = file.log->append(write_record(example));
    if (!written) return written;
    file.note(example);
    note_kept(file, example.task);
    return written;
}

// Without `rules` none is made. Errors: not_found, too_large (too many files), invalid, io.
Result<ExampleStore::FilePtr> ExampleStore::file_of(const std::string& tenant, const ExampleCourse& course,
                                                    const ExampleRules* rules) {
    const auto is_it = [&](const FilePtr& file) {
        return file->header.tenant == tenant && file->header.course == course;
    };
    if (const auto found = std::find_if(open_.begin(), open_.end(), is_it); found != open_.end()) {
        open_.splice(open_.begin(), open_, found);
        return open_.front();
    }
    const std::string path = example_file(options_.folder, tenant, course);
    std::error_code error;
    const bool there = std::filesystem::exists(path, error);
    if (!there && rules == nullptr) return fail(ErrorCode::not_found, "there is no " + path);
    if (!there && files_ >= kMostExampleFiles) return fail(ErrorCode::too_large, "too many files of examples");
    std::filesystem::create_directories(options_.folder, error);
    if (error) return fail(ErrorCode::io, "can't create " + options_.folder + ": " + error.message());
    auto file = std::make_shared<File>();
    bool headed = false, others = false;
    const auto visit = [&](std::string_view record) {
        std::optional<ExampleRecord> read = read_record(record);
        if (!read) return;
        if (auto* const header = std::get_if<ExampleHeader>(&*read)) {
            headed = true;
            others = others || header->tenant != tenant || !(header->course == course);
            file->header = std::move(*header);
        } else if (auto* const text = std::get_if<ExampleText>(&*read)) {
            file->texts.insert(text->digest);
        } else {
            file->note(std::get<Example>(*read));
        }
    };
    auto opened = RecordLog::open(example_log(path), visit);
    if (opened && others) opened = fail(ErrorCode::invalid, path + " holds examples of somebody else");
    if (!opened) return tl::unexpected(opened.error());
    file->log = std::move(*opened);
    if (!headed) {
        file->header = {tenant, course, rules ? rules->keep_micros : 0, rules ? rules->most : 0};
        // Also where damage took the first record, and so all that stood behind it.
        const auto begun = file->log->rewrite(write_record(file->header), [](std::string_view) { return false; });
        if (!begun) return tl::unexpected(begun.error());
        file->forget_kept();
    }
    if (!there) ++files_;
    open_.push_front(file);
    if (open_.size() > kMostOpenFiles) open_.pop_back();
    return file;
}

// Writes the file anew with those examples alone that are to be kept, and the texts that they need.
Result<void> ExampleStore::shorten(File& file, const std::function<bool(const Example&)>& keep) {
    std::vector<bool> stays;
    std::unordered_set<std::uint64_t> texts;
    File after;
    std::unordered_map<std::uint64_t, std::uint64_t> kept;
    const std::string path = example_file(options_.folder, file.header.tenant, file.header.course);
    const auto look = [&](std::string_view record) {
        const std::optional<ExampleRecord> read = read_record(record);
        const auto* const example = read ? std::get_if<Example>(&*read) : nullptr;
        const bool good = example != nullptr && keep(*example);
        stays.push_back(good);
        if (!good) return;
        const File::Kept one{example->unix_micros, example->task, asked_key(*example)};
        after.kept.push_back(one);
        ++after.asked[one.asked];
        ++kept[one.task];
        if (!example->content) return;
        texts.insert(example->system);
        texts.insert(example->response_format);
    };
    if (auto looked = RecordLog::read(example_log(path), look); !looked) return looked;
    std::size_t at = 0;
    std::unordered_set<std::uint64_t> written_texts;
    const auto choose = [&](std::string_view record) {
        const bool stay = at < stays.size() && stays[at];
        ++at;
        if (stay) return true;
        const std::optional<ExampleRecord> read = read_record(record);
        const auto* const text = read ? std::get_if<ExampleText>(&*read) : nullptr;
        return text != nullptr && texts.contains(text->digest) && written_texts.insert(text->digest).second;
    };
    if (auto written = file.log->rewrite(write_record(file.header), choose); !written) return written;
    file.kept = std::move(after.kept);
    file.asked = std::move(after.asked);
    file.texts = std::move(written_texts);
    set_kept(file.header, kept);
    return {};
}

// What is beyond the age and the number that are to be kept goes; an eighth more than the number is let stand, so that
// the file is not written anew for each.
Result<void> ExampleStore::trim(File& file) {
    const std::uint64_t most = file.header.most;
    std::size_t too_many = 0;
    if (file.kept.size() > most + most / 8) too_many = file.kept.size() - most;
    if (file.log->bytes() > options_.most_file_bytes) too_many = std::max(too_many, file.kept.size() / 2 + 1);
    if (too_many == 0) return {};
    std::size_t number = 0;
    return shorten(file, [&](const Example&) { return ++number > too_many; });
}

void ExampleStore::sweep() {
    const Micros now = options_.clock->unix_micros();
    const std::lock_guard lock(files_mutex_);
    std::vector<std::pair<std::string, ExampleCourse>> old;
    files_ = 0;
    const bool first = !looked_through_;  // this thread alone sets it
    for_each_example_file(options_.folder, [&](const std::string&, ExampleFile& file) {
        ++files_;
        std::unordered_map<std::uint64_t, std::uint64_t> kept;
        for (const Example& example : file.examples) ++kept[example.task];
        if (first) set_kept(file.header, kept);
        const Micros oldest = now - file.header.keep_micros;
        const bool any = std::any_of(file.examples.begin(), file.examples.end(),
                                     [oldest](const Example& example) { return example.unix_micros < oldest; });
        if (any) old.emplace_back(file.header.tenant, file.header.course);
    });
    for (const auto& [tenant, course] : old) {
        const Result<FilePtr> file = file_of(tenant, course, nullptr);
        if (!file) continue;
        const Micros oldest = now - (*file)->header.keep_micros;
        const auto shortened = shorten(**file, [&](const Example& example) { return example.unix_micros >= oldest; });
        if (!shortened) failing(shortened.error());
    }
    const std::lock_guard counts(counts_mutex_);
    looked_through_ = true;
    counted_.notify_all();
}

void ExampleStore::note_kept(const File& file, std::uint64_t task) {
    const ExampleCourse& course = file.header.course;
    const std::lock_guard lock(counts_mutex_);
    ExampleCount& count = counts_[{file.header.tenant, course.cascade, course.reference}][task];
    ++count.kept;
    ++count.added;
}

void ExampleStore::set_kept(const ExampleHeader& of, const std::unordered_map<std::uint64_t, std::uint64_t>& kept) {
    const std::lock_guard lock(counts_mutex_);
    const auto place = counts_.try_emplace({of.tenant, of.course.cascade, of.course.reference}).first;
    auto& tasks = place->second;
    std::erase_if(tasks, [&kept](const auto& task) { return !kept.contains(task.first); });
    for (const auto& [task, number] : kept) {
        ExampleCount& count = tasks[task];
        count.kept = number;
        count.added = std::max(count.added, number);
    }
    if (tasks.empty()) counts_.erase(place);
}

Result<std::vector<Example>> ExampleStore::examples(std::string_view tenant, const ExampleCourse& course,
                                                    std::uint64_t task) const {
    return read_examples(options_.folder, tenant, course, task);
}

ExampleCount ExampleStore::count(std::string_view tenant, const ExampleCourse& course, std::uint64_t task) {
    std::unique_lock lock(counts_mutex_);
    counted_.wait(lock, [this] { return looked_through_; });
    const auto file = counts_.find({std::string(tenant), course.cascade, course.reference});
    if (file == counts_.end()) return {};
    const auto found = file->second.find(task);
    return found == file->second.end() ? ExampleCount{} : found->second;
}

std::vector<ExampleTask> ExampleStore::tasks() {
    std::unique_lock lock(counts_mutex_);
    counted_.wait(lock, [this] { return looked_through_; });
    std::vector<ExampleTask> tasks;
    for (const auto& [file, counts] : counts_) {
        const auto& [tenant, cascade, reference] = file;
        for (const auto& [task, count] : counts) tasks.push_back({tenant, {cascade, reference}, task, count});
    }
    return tasks;
}

Result<void> ExampleStore::purge(std::string_view tenant) {
    return purge(Purged{std::string(tenant), 0, options_.clock->unix_micros()});
}

Result<void> ExampleStore::purge_task(std::string_view tenant, std::uint64_t task) {
    return purge(Purged{std::string(tenant), task, options_.clock->unix_micros()});
}

Result<void> ExampleStore::purge(const Purged& what) {
    const std::lock_guard lock(files_mutex_);
    if (purged_.size() >= kMostPurged) purged_.erase(purged_.begin());
    purged_.push_back(what);
    if (what.tenant.empty() && what.task == 0) {  // also what can't be read any more
        std::error_code error;
        open_.clear();
        files_ = 0;
        {
            const std::lock_guard counts(counts_mutex_);
            counts_.clear();
        }
        std::filesystem::remove_all(options_.folder, error);
        if (error) return fail(ErrorCode::io, "can't remove " + options_.folder + ": " + error.message());
        return {};
    }
    struct Target {
        std::string file, tenant;
        ExampleCourse course;
    };
    std::vector<Target> targets;
    for_each_example_file(options_.folder, [&](const std::string& file, ExampleFile& read) {
        const bool tenant = what.tenant.empty() || read.header.tenant == what.tenant;
        const bool task = what.task == 0 || std::any_of(read.examples.begin(), read.examples.end(),
                                                        [&](const Example& one) { return one.task == what.task; });
        if (tenant && task) targets.push_back({file, read.header.tenant, read.header.course});
    });
    Result<void> done;
    for (const Target& target : targets) {
        if (what.task != 0) {
            const Result<FilePtr> file = file_of(target.tenant, target.course, nullptr);
            if (!file) {
                done = tl::unexpected(file.error());
            } else if (auto less = shorten(**file, [&](const Example& one) { return one.task != what.task; }); !less) {
                done = less;
            }
            continue;
        }
        std::erase_if(open_, [&](const FilePtr& file) {
            return file->header.tenant == target.tenant && file->header.course == target.course;
        });
        set_kept({target.tenant, target.course, 0, 0}, {});
        std::error_code error;
        std::filesystem::remove(target.file, error);
        if (error) done = fail(ErrorCode::io, "can't remove " + target.file + ": " + error.message());
        if (!error && files_ > 0) --files_;
    }
    return done;
}

}  // namespace weir::store
