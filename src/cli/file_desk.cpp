#include "cli/file_desk.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <regex>
#include <sstream>
#include <tuple>
#include <utility>

#include "base/files.h"
#include "base/hash.h"
#include "cli/replay_command.h"
#include "cli/report_command.h"
#include "cli/task_mode_text.h"
#include "gateway/reload_rules.h"
#include "store/ledger_reader.h"
#include "store/ledger_schema.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMostFileBytes = 1u << 20;
constexpr double kRounding = 1e-8;  // of a share as it is written
constexpr int kPromiseLines = 6;    // a promise's share stands within so many lines of its beginning

std::vector<admin::ConfigProblem> problems(const std::vector<Diagnostic>& diagnostics) {
    std::vector<admin::ConfigProblem> out;
    for (const Diagnostic& one : diagnostics) out.push_back({one.line, one.message});
    return out;
}

std::string first_of(const std::vector<Diagnostic>& diagnostics) {
    return diagnostics.empty() ? "the configuration is wrong" : to_string(diagnostics.front());
}

// A link is followed: what it names is what is written.
std::string real_path(const std::string& file) {
    std::error_code error;
    const std::filesystem::path path = std::filesystem::canonical(file, error);
    return error ? file : path.string();
}

std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g%%", share * 100);
    return text;
}

// Sets the promise of the cascades that are meant. The lines where they stand; none: there is no such promise.
std::vector<int> set_promises(gateway::Options& options, const admin::WhatIf& asked) {
    std::vector<int> lines;
    for (cascade::CascadeOptions& one : options.cascades) {
        if (!one.promise || (!asked.cascade.empty() && one.name != asked.cascade)) continue;
        one.promise->disagreement = *asked.promise;
        lines.push_back(one.promise->line);
    }
    return lines;
}

// Where a comment begins in a line of YAML, or its end: at a '#' that begins the line or follows a space. One within
// quotes counts as well, which at worst finds nothing.
std::size_t comment_of(std::string_view line) {
    for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
        if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return at;
    }
    return line.size();
}

bool same_promises(const std::vector<cascade::CascadeOptions>& one, const std::vector<cascade::CascadeOptions>& other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](const auto& a, const auto& b) {
        if (a.name != b.name || a.promise.has_value() != b.promise.has_value()) return false;
        if (!a.promise) return true;
        return a.promise->by_harm == b.promise->by_harm && a.promise->confidence == b.promise->confidence &&
               std::abs(a.promise->disagreement - b.promise->disagreement) < kRounding;
    });
}

bool same_modes(const std::vector<cascade::CascadeOptions>& one, const std::vector<cascade::CascadeOptions>& other) {
    const auto modes_of = [](const std::vector<cascade::CascadeOptions>& cascades) {
        std::vector<std::tuple<std::string, cascade::Mode, std::map<std::string, cascade::Mode>>> modes;
        for (const cascade::CascadeOptions& each : cascades) {
            std::map<std::string, cascade::Mode> tasks;
            for (const auto& [name, task] : each.tasks) tasks.emplace(name, task.mode);
            modes.emplace_back(each.name, each.mode, std::move(tasks));
        }
        return modes;
    };
    return modes_of(one) == modes_of(other);
}

Result<void> set_price(gateway::Options& options, const admin::WhatIf& asked) {
    constexpr double kPicosPerUsdPerMillion = 1e6;  // USD per 10^6 tokens -> pico-dollars a token
    for (gateway::ModelOptions& model : options.models) {
        if (model.full_name() != asked.model) continue;
        prices::Price price = model.price.value_or(prices::Price{});
        price.input = PicoUsdPerToken{std::llround(*asked.input_usd * kPicosPerUsdPerMillion)};
        price.output = PicoUsdPerToken{std::llround(*asked.output_usd * kPicosPerUsdPerMillion)};
        model.price = price;
        return {};
    }
    return fail(ErrorCode::not_found, "there is no model '" + asked.model + "' in the configuration");
}

}  // namespace

std::optional<std::string> with_promise(const std::string& text, int line, double share) {
    std::size_t begin = 0;
    for (int at = 1; at < line; ++at) {
        begin = text.find('\n', begin);
        if (begin == std::string::npos) return std::nullopt;
        ++begin;
    }
    static const std::regex kShare(R"((disagreement|harm)(\s*:\s*)([0-9.]+%?))");
    for (int lines = 0; lines < kPromiseLines && begin < text.size(); ++lines) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string part = text.substr(begin, comment_of(std::string_view(text).substr(begin, end - begin)));
        std::smatch found;
        if (std::regex_search(part, found, kShare)) {
            std::string edited = text;
            edited.replace(begin + static_cast<std::size_t>(found.position(3)),
                           static_cast<std::size_t>(found.length(3)), percent(share));
            return edited;
        }
        begin = end + 1;
    }
    return std::nullopt;
}

FileDesk::FileDesk(std::string file, LoadSettings settings, std::function<void()> send_hangup, Running running)
    : file_(std::move(file)),
      settings_(std::move(settings)),
      send_hangup_(send_hangup ? std::move(send_hangup) : [] { ::kill(::getpid(), SIGHUP); }),
      running_(std::move(running)),
      in_force_(digest()) {}

std::string FileDesk::digest() const {
    const Result<std::string> now = text();
    return now ? to_hex(sha256(*now)) : std::string();
}

Result<std::string> FileDesk::text() const {
    return read_file(file_, kMostFileBytes);
}

// Another file takes its place, so the folder is asked as well.
bool FileDesk::writable() const {
    const std::string to = real_path(file_);
    const std::string folder = std::filesystem::path(to).parent_path().string();
    return ::faccessat(AT_FDCWD, to.c_str(), W_OK, AT_EACCESS) == 0 &&
           ::faccessat(AT_FDCWD, folder.empty() ? "." : folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

admin::ConfigCheck FileDesk::check(std::string_view text) const {
    admin::ConfigCheck out;
    const LoadResult loaded = load_config_text(text, file_, settings_);
    if (loaded) {
        out.warnings = problems(loaded->warnings);
        std::vector<std::string> kept;
        if (!running_) return out;
        if (const auto next = gateway::with_running(loaded->options, running_(), kept); !next) {
            out.errors.push_back({0, next.error().message});
        }
    } else {
        out.errors = problems(loaded.error());
    }
    return out;
}

Result<void> FileDesk::write(const std::string& text) const {
    const std::string to = real_path(file_);
    struct stat before {};
    const bool there = ::stat(to.c_str(), &before) == 0;
    if (Result<void> written = write_file_durably(to, text); !written) return written;
    if (there) ::chmod(to.c_str(), before.st_mode & 07777);
    return {};
}

// Other SIGHUPs may be under way: of a file as it was before, or as somebody else wrote it.
Result<admin::ConfigCheck> FileDesk::hang_up(const std::string& digest) {
    std::unique_lock lock(mutex_);
    outcome_.reset();
    send_hangup_();
    const auto is_told = [&] { return outcome_.has_value() && reloaded_ == digest; };
    if (!told_.wait_for(lock, std::chrono::microseconds(kApplyMicros), is_told)) {
        return fail(ErrorCode::timeout, "the gateway has not reloaded within 30 s");
    }
    return *std::exchange(outcome_, std::nullopt);
}

Result<admin::ConfigCheck> FileDesk::apply(const std::string& text) {
    admin::ConfigCheck checked = check(text);
    if (!checked.errors.empty()) return checked;
    const Result<std::string> before = this->text();
    if (!before) return tl::unexpected(before.error());
    if (Result<void> written = write(text); !written) return tl::unexpected(written.error());
    const std::string own = to_hex(sha256(text));
    Result<admin::ConfigCheck> outcome = hang_up(own);
    const bool refused = !outcome || !outcome->errors.empty();
    if (refused && digest() == own) {  // what somebody else wrote since stays
        if (Result<void> back = write(*before); !back) return tl::unexpected(back.error());
    }
    return outcome;
}

void FileDesk::reloaded(admin::ConfigCheck outcome, std::string_view text) {
    {
        const std::lock_guard lock(mutex_);
        reloaded_ = to_hex(sha256(text));
        if (outcome.errors.empty()) in_force_ = reloaded_;
        outcome_ = std::move(outcome);
    }
    told_.notify_all();
}

// A mode that stands under the task's name is in force besides that of its number, and is that of other tenants' tasks
// of the name as well: it is never changed from here, and nothing is answered that it would keep from being in force.
Result<void> FileDesk::check_name(const cascade::CascadeOptions& cascade, const admin::TaskMode& wanted,
                                  const std::string& folder) const {
    const std::optional<std::uint64_t> number = parse_hex(wanted.task);
    auto ledger = store::open_ledger_for_reading(running_ ? running_().data_folder : folder);
    const std::string name = ledger && number ? store::task_name(*ledger, *number) : std::string();
    const auto named = name.empty() ? cascade.tasks.end() : cascade.tasks.find(name);
    if (named == cascade.tasks.end() || (wanted.mode && *wanted.mode <= named->second.mode)) return {};
    return fail(ErrorCode::invalid, "the configuration has mode " + std::string(to_string(named->second.mode)) +
                                        " for tasks named '" + name + "', of every tenant (cascades." + cascade.name +
                                        ".tasks): change that in the configuration");
}

Result<admin::TaskModeText> FileDesk::with_task_mode(const admin::TaskMode& wanted) const {
    const Result<std::string> current = text();
    if (!current) return tl::unexpected(current.error());
    {
        const std::lock_guard lock(mutex_);
        if (in_force_ != to_hex(sha256(*current))) {
            return fail(ErrorCode::invalid, file_ + " has changes that are not in force: apply them first");
        }
    }
    LoadSettings without_secrets = settings_;
    without_secrets.secrets = false;
    LoadResult running = load_config_text(*current, file_, without_secrets);
    if (!running) return fail(ErrorCode::invalid, first_of(running.error()));
    auto& cascades = running->options.cascades;
    const auto cascade =
        std::find_if(cascades.begin(), cascades.end(), [&](const auto& each) { return each.name == wanted.cascade; });
    if (cascade == cascades.end()) {
        return fail(ErrorCode::not_found, "there is no cascade '" + wanted.cascade + "' in the configuration");
    }
    if (wanted.mode && *wanted.mode > cascade->mode) {
        return fail(ErrorCode::invalid, "the cascade is in mode " + std::string(to_string(cascade->mode)) +
                                            ": a task's own mode can only lower it");
    }
    if (Result<void> free = check_name(*cascade, wanted, running->options.data_folder); !free) {
        return tl::unexpected(free.error());
    }
    admin::TaskModeText edited;
    if (const auto own = cascade->tasks.find(wanted.task); own != cascade->tasks.end())
        edited.before = own->second.mode;
    cascade->tasks.erase(wanted.task);
    if (wanted.mode) cascade->tasks[wanted.task].mode = *wanted.mode;
    const auto text = cli::with_task_mode(*current, wanted.cascade, wanted.task, wanted.mode);
    // An edit is never wrong unseen: it has to load, and to say what was wanted and nothing else.
    const LoadResult after = text ? load_config_text(*text, file_, without_secrets) : LoadResult(running);
    if (!text || !after || !same_modes(cascades, after->options.cascades)) {
        return fail(ErrorCode::invalid, "cascades." + wanted.cascade +
                                            ".tasks is written in a way that can't be changed from here: change it in "
                                            "the configuration");
    }
    edited.text = *text;
    return edited;
}

Result<admin::WhatIfAnswer> FileDesk::what_if(const admin::WhatIf& asked) const {
    const Result<std::string> current = text();
    if (!current) return tl::unexpected(current.error());
    LoadSettings without_secrets = settings_;
    without_secrets.secrets = false;
    const LoadResult running = load_config_text(*current, file_, without_secrets);
    if (!running) return fail(ErrorCode::invalid, first_of(running.error()));
    LoadResult candidate = asked.text ? load_config_text(*asked.text, file_, without_secrets) : running;
    if (!candidate) return fail(ErrorCode::invalid, first_of(candidate.error()));
    admin::WhatIfAnswer answer;
    answer.text = asked.text.value_or(*current);
    if (asked.promise) {
        const std::vector<int> lines = set_promises(candidate->options, asked);
        if (lines.empty()) return fail(ErrorCode::not_found, "no cascade of that name has a promise");
        for (const int line : lines) {
            if (answer.text) answer.text = with_promise(*answer.text, line, *asked.promise);
        }
    }
    if (!asked.model.empty()) {
        if (Result<void> set = set_price(candidate->options, asked); !set) return tl::unexpected(set.error());
        answer.text.reset();
    }
    // An edit is never wrong unseen: it has to load, and to promise what was asked for, or it isn't offered.
    if (answer.text) {
        const LoadResult edited = load_config_text(*answer.text, file_, without_secrets);
        const bool right = edited && same_promises(edited->options.cascades, candidate->options.cascades);
        if (!right) answer.text.reset();
    }
    const Micros now = SystemClock().unix_micros();
    const std::optional<Micros> since = parse_since(asked.since, now);
    if (!since) return fail(ErrorCode::invalid, since_problem(asked.since));
    const std::string folder = running_ ? running_().data_folder : running->options.data_folder;
    const auto log = eval::read_replay_log(folder, *since, now);
    if (!log) return tl::unexpected(log.error());
    const auto candidates = candidates_of(candidate->options, *log);
    if (!candidates) return tl::unexpected(candidates.error());
    std::vector<eval::ReplayLine> lines;
    for (std::size_t i = 0; i < candidates->size(); ++i) {
        lines.push_back(eval::replay(*log, log->references[i], (*candidates)[i], 1));
    }
    std::ostringstream out;
    print_replay_json(lines, folder, out);
    answer.result = std::move(out).str();
    return answer;
}

}  // namespace weir::cli
