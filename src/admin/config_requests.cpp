#include "admin/config_requests.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "admin/json_object.h"
#include "base/hash.h"

namespace weir::admin {
namespace {

using Reply = Result<AdminReply>;
constexpr std::string_view kNotWritable = "config_not_writable";

// The members of a small object, each read by `take`; false: it knows no such member.
Result<void> read_object(std::string_view body,
                         const std::function<Result<bool>(const json::Member& member, std::string_view raw)>& take) {
    std::vector<json::Member> members;
    if (auto read = json::members(body, members); !read) {
        return fail(ErrorCode::invalid, "the body is no JSON object: " + read.error().message);
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (members[j].key == members[i].key) {
                return fail(ErrorCode::invalid, "'" + members[i].key + "' stands there twice");
            }
        }
        const Result<bool> known = take(members[i], members[i].raw(body));
        if (!known) return tl::unexpected(known.error());
        if (!*known) return fail(ErrorCode::invalid, "unknown member '" + members[i].key + "'");
    }
    return {};
}

Result<bool> take_text(const json::Member& member, std::string_view raw, std::string& to) {
    std::optional<std::string> text = json::as_string(raw);
    if (!text) return fail(ErrorCode::invalid, "'" + member.key + "' has to be a text");
    to = std::move(*text);
    return true;
}

Result<bool> take_number(const json::Member& member, std::string_view raw, double most, std::optional<double>& to) {
    const std::optional<double> value = json::as_double(raw);
    if (!value || *value < 0 || *value > most) {
        return fail(ErrorCode::invalid, "'" + member.key + "' has to be a number from 0 to " + std::to_string(most));
    }
    to = value;
    return true;
}

struct Posted {
    std::string text, digest;
};

Result<Posted> parse_text(std::string_view body, bool with_digest) {
    std::optional<std::string> text, digest;
    const auto read = read_object(body, [&](const json::Member& member, std::string_view raw) -> Result<bool> {
        if (member.key == "text") return take_text(member, raw, text.emplace());
        if (with_digest && member.key == "digest") return take_text(member, raw, digest.emplace());
        return false;
    });
    if (!read) return tl::unexpected(read.error());
    if (!text) return fail(ErrorCode::invalid, "'text' is missing");
    if (with_digest && !digest) {
        return fail(ErrorCode::invalid,
                    "'digest' is missing: that of the text which was changed, as GET /api/config tells");
    }
    return Posted{std::move(*text), digest.value_or("")};
}

void write_problems(std::string_view name, const std::vector<ConfigProblem>& problems, JsonObject& object) {
    std::string list = "[";
    for (const ConfigProblem& problem : problems) {
        if (list.size() > 1) list += ',';
        JsonObject one(list);
        one.whole("line", problem.line);
        one.text("message", problem.message);
        one.end();
    }
    object.raw(name, list + "]");
}

Reply show(const ConfigDesk& desk) {
    const Result<std::string> text = desk.text();
    if (!text) return tl::unexpected(text.error());
    AdminReply reply;
    JsonObject object(reply.body);
    object.text("file", desk.file());
    object.text("text", *text);
    object.text("digest", to_hex(sha256(*text)));
    object.flag("writable", desk.writable());
    object.end();
    return reply;
}

// Both texts' digests, for the log: a configuration has no secrets, but may be long.
std::string digest_json(std::string_view text) {
    return R"({"sha256":")" + to_hex(sha256(text)) + R"(","bytes":)" + std::to_string(text.size()) + "}";
}

AdminReply not_writable(const ConfigDesk& desk, std::string_view why) {
    std::string said;
    JsonObject inside(said);
    inside.text("message", desk.file() + " can't be written by Weir" + std::string(why) +
                               ": change it where it comes from, then restart or send SIGHUP");
    inside.text("code", kNotWritable);
    inside.end();
    AdminReply reply{R"({"error":)" + said + "}"};
    reply.status = 409;
    return reply;
}

Reply apply(ConfigDesk& desk, std::string_view body) {
    const Result<Posted> posted = parse_text(body, true);
    if (!posted) return tl::unexpected(posted.error());
    const Result<std::string> before = desk.text();
    if (!before) return tl::unexpected(before.error());
    if (to_hex(sha256(*before)) != posted->digest) {
        return fail(ErrorCode::invalid, "the file has changed since it was read here: read it again");
    }
    if (!desk.writable()) return not_writable(desk, "");
    const Result<ConfigCheck> done = desk.apply(posted->text);
    if (!done && done.error().code == ErrorCode::io) return not_writable(desk, " (" + done.error().message + ")");
    if (!done) return tl::unexpected(done.error());
    AdminReply reply{render_check(*done)};
    if (!done->errors.empty()) {
        reply.status = 400;
        return reply;
    }
    reply.change = Change{digest_json(*before), digest_json(posted->text)};
    return reply;
}

std::string mode_json(const TaskMode& of, std::optional<store::Mode> mode) {
    std::string out;
    JsonObject object(out);
    object.text("task", of.task);
    object.text("cascade", of.cascade);
    object.text_or_null("mode", mode ? to_string(*mode) : std::string_view());
    object.end();
    return out;
}

Reply set_task_mode(ConfigDesk& desk, std::string_view task, std::string_view body) {
    const Result<TaskMode> wanted = parse_task_mode(task, body);
    if (!wanted) return tl::unexpected(wanted.error());
    const Result<TaskModeText> edited = desk.with_task_mode(*wanted);
    if (!edited) return tl::unexpected(edited.error());
    if (!desk.writable()) return not_writable(desk, "");
    const Result<ConfigCheck> done = desk.apply(edited->text);
    if (!done && done.error().code == ErrorCode::io) return not_writable(desk, " (" + done.error().message + ")");
    if (!done) return tl::unexpected(done.error());
    if (!done->errors.empty()) return fail(ErrorCode::invalid, done->errors[0].message);
    AdminReply reply{mode_json(*wanted, wanted->mode)};
    reply.change = Change{mode_json(*wanted, edited->before), reply.body};
    return reply;
}

}  // namespace

Result<TaskMode> parse_task_mode(std::string_view task, std::string_view body) {
    const std::optional<std::uint64_t> number = parse_hex(task);
    if (!number || *number == 0) return fail(ErrorCode::invalid, "a task has 16 hexadecimal digits");
    TaskMode wanted{{}, to_hex(*number), {}};
    bool told = false;
    const auto read = read_object(body, [&](const json::Member& member, std::string_view raw) -> Result<bool> {
        if (member.key == "cascade") return take_text(member, raw, wanted.cascade);
        if (member.key != "mode") return false;
        told = true;
        if (raw == "null") return true;
        wanted.mode = store::parse_mode(json::as_string(raw).value_or(""));
        if (!wanted.mode) return fail(ErrorCode::invalid, "'mode' is off, observe, shadow, serve or null");
        return true;
    });
    if (!read) return tl::unexpected(read.error());
    if (!told || wanted.cascade.empty()) return fail(ErrorCode::invalid, "'cascade' and 'mode' are both needed");
    return wanted;
}

std::string render_check(const ConfigCheck& check) {
    std::string body;
    JsonObject object(body);
    object.flag("ok", check.errors.empty());
    write_problems("errors", check.errors, object);
    write_problems("warnings", check.warnings, object);
    std::string kept = "[";
    for (const std::string& name : check.kept) {
        if (kept.size() > 1) kept += ',';
        json::write_string(name, kept);
    }
    object.raw("kept", kept + "]");
    object.end();
    return body;
}

Result<WhatIf> parse_what_if(std::string_view body) {
    WhatIf asked;
    constexpr double kMostUsd = 1e6;
    const auto price = [&](const json::Member& member, std::string_view raw) -> Result<bool> {
        if (member.key == "model") return take_text(member, raw, asked.model);
        if (member.key == "input") return take_number(member, raw, kMostUsd, asked.input_usd);
        if (member.key == "output") return take_number(member, raw, kMostUsd, asked.output_usd);
        return false;
    };
    const auto promise = [&](const json::Member& member, std::string_view raw) -> Result<bool> {
        if (member.key == "cascade") return take_text(member, raw, asked.cascade);
        if (member.key == "share") return take_number(member, raw, 1, asked.promise);
        return false;
    };
    const auto read = read_object(body, [&](const json::Member& member, std::string_view raw) -> Result<bool> {
        if (member.key == "text") return take_text(member, raw, asked.text.emplace());
        if (member.key == "since") return take_text(member, raw, asked.since);
        if (member.key != "promise" && member.key != "price") return false;
        const bool of_price = member.key == "price";
        Result<void> inside = of_price ? read_object(raw, price) : read_object(raw, promise);
        if (!inside) return fail(ErrorCode::invalid, "'" + member.key + "': " + inside.error().message);
        if (!of_price && !asked.promise) return fail(ErrorCode::invalid, "'promise' needs a 'share', such as 0.02");
        if (of_price && (asked.model.empty() || !asked.input_usd || !asked.output_usd)) {
            return fail(ErrorCode::invalid, "'price' needs 'model', 'input' and 'output' (USD per million tokens)");
        }
        return true;
    });
    if (!read) return tl::unexpected(read.error());
    return asked;
}

Result<std::uint64_t> WhatIfJobs::begin(WhatIf asked) {
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        const auto waiting = std::count_if(jobs_.begin(), jobs_.end(), [](const Job& job) { return !job.done; });
        if (static_cast<std::size_t>(waiting) > kMostWaiting) {
            return fail(ErrorCode::unavailable, "other questions about the log are waiting; try again in a moment");
        }
        if (jobs_.size() == kMostJobs) jobs_.pop_front();
        number = ++last_;
        jobs_.push_back({number, std::nullopt});
    }
    worker_.enqueue([this, number, what = std::move(asked)] {
        Result<WhatIfAnswer> answer = desk_.what_if(what);
        const std::lock_guard lock(mutex_);
        const auto job = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& one) { return one.number == number; });
        if (job != jobs_.end()) job->done = std::move(answer);
    });
    return number;
}

Result<std::string> WhatIfJobs::render(std::uint64_t number) const {
    const std::lock_guard lock(mutex_);
    const auto job = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& one) { return one.number == number; });
    if (job == jobs_.end()) return fail(ErrorCode::not_found, "no such question, or it is forgotten");
    std::string body;
    JsonObject object(body);
    const bool done = job->done.has_value();
    object.text("state", !done ? "running" : *job->done ? "done" : "failed");
    if (done && !*job->done) object.text("said", job->done->error().message);
    if (done && *job->done) {
        object.raw("result", (*job->done)->result);
        object.text_or_null("text", (*job->done)->text.value_or(""));
    }
    object.end();
    return body;
}

void add_config(RouteTable& routes, ConfigDesk& desk, WhatIfJobs& jobs) {
    // The file may tell more than numbers do (addresses, tenants), so it is for who may change it.
    routes.add({"GET", "/api/config", AdminRole::operate, RunOn::admin_worker,
                [&desk](const AdminCall&) { return show(desk); }});
    routes.add({"POST", "/api/config/check", AdminRole::operate, RunOn::admin_worker,
                [&desk](const AdminCall& call) -> Reply {
                    const Result<Posted> posted = parse_text(call.body, false);
                    if (!posted) return tl::unexpected(posted.error());
                    return AdminReply{render_check(desk.check(posted->text))};
                },
                false});
    routes.add({"POST", "/api/config/apply", AdminRole::operate, RunOn::admin_worker,
                [&desk](const AdminCall& call) { return apply(desk, call.body); }});
    routes.add({"POST", "/api/tasks/*/mode", AdminRole::operate, RunOn::admin_worker,
                [&desk](const AdminCall& call) { return set_task_mode(desk, call.parts[0], call.body); }});
    routes.add({"POST", "/api/what-if", AdminRole::operate, RunOn::admin_worker,
                [&jobs](const AdminCall& call) -> Reply {
                    Result<WhatIf> asked = parse_what_if(call.body);
                    if (!asked) return tl::unexpected(asked.error());
                    const Result<std::uint64_t> job = jobs.begin(std::move(*asked));
                    if (!job) return tl::unexpected(job.error());
                    return AdminReply{R"({"job":)" + std::to_string(*job) + "}"};
                },
                false});
    routes.add({"GET", "/api/what-if/*", AdminRole::operate, RunOn::reactor, [&jobs](const AdminCall& call) -> Reply {
                    const std::string_view text = call.parts[0];
                    std::uint64_t job = 0;
                    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), job);
                    if (error != std::errc() || end != text.data() + text.size()) {
                        return fail(ErrorCode::not_found, "a question's number is asked for");
                    }
                    Result<std::string> told = jobs.render(job);
                    if (!told) return tl::unexpected(told.error());
                    return AdminReply{std::move(*told)};
                }});
}

}  // namespace weir::admin
