#include "cli/keys_command.h"

#include <ostream>

#include "cli/admin_client.h"
#include "cli/config_values.h"
#include "cli/json_fields.h"
#include "cli/report_command.h"
#include "cli/report_text.h"

namespace weir::cli {
namespace {

using Align = Table::Align;

constexpr std::string_view kPath = "/api/keys";
constexpr Micros kSecond = 1'000'000;

void member(std::string_view name, std::string_view raw, std::string& out) {
    if (out.size() > 1) out += ',';
    out.append("\"").append(name).append("\":").append(raw);
}

// "a,b*"; nothing between commas is no model.
std::string models_json(std::string_view text) {
    std::vector<std::string> models;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        if (comma > 0) models.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return json_strings(models);
}

std::string limit_text(std::uint64_t value) {
    return value == 0 ? "-" : with_thousands(value);
}

std::string time_text(std::uint64_t unix_micros) {
    return unix_micros == 0 ? "-" : people_time(static_cast<Micros>(unix_micros));
}

std::string models_text(std::string_view body, json::Span key) {
    const auto models = json::find_member(body, key, "models");
    std::string text;
    if (models) {
        for (json::Walk each(body, *models); each.next();) {
            text += (text.empty() ? "" : ",") + json::as_string(each.raw()).value_or("");
        }
    }
    return text.empty() ? "all" : text;
}

Table key_table() {
    return Table({{"ID"},
                  {"KEY"},
                  {"TENANT"},
                  {"NAME"},
                  {"STATE"},
                  {"MODELS"},
                  {"RPM", Align::right},
                  {"TPM", Align::right},
                  {"PARALLEL", Align::right},
                  {"CREATED"},
                  {"EXPIRES"}});
}

void add_key(std::string_view body, json::Span span, Table& table) {
    const Fields key(body, span);
    table.add({key.text("id"), key.text("begins"), shortened(key.text("tenant")), shortened(key.text("name")),
               key.text("state"), models_text(body, span), limit_text(key.whole("requests_per_minute")),
               limit_text(key.whole("tokens_per_minute")), limit_text(key.whole("parallel")),
               time_text(key.whole("created_unix_us")), time_text(key.whole("expires_unix_us"))});
}

// The answer's one key.
std::string render_key(std::string_view body) {
    const json::Span whole{0, body.size()};
    Table table = key_table();
    add_key(body, whole, table);
    std::string out = table.render();
    const std::string key = Fields(body, whole).text("key");
    if (!key.empty()) out += "\n" + key + "\n\nThis is the key. It is told this once: keep it where it is needed.\n";
    return out;
}

std::string usage_problem(const KeysArguments& arguments) {
    const bool named = arguments.action == "set" || arguments.action == "revoke";
    if (named && arguments.key.empty()) return arguments.action + " which key? (its id, or what it begins with)";
    if (!named && !arguments.key.empty()) return arguments.action + " takes no key";
    const bool wishes = arguments.tenant || arguments.name || arguments.models || arguments.rpm || arguments.tpm ||
                        arguments.parallel || arguments.expires;
    if (arguments.action == "create") return arguments.tenant ? "" : "create needs --tenant: whose key is it?";
    if (arguments.action != "set") return wishes ? arguments.action + " takes no options of a key" : "";
    if (arguments.tenant) return "a key stays its tenant's: create another one";
    return wishes ? "" : "set what? (--name, --models, --rpm, --tpm, --parallel, --expires)";
}

// What may stand in a path.
bool is_plain(std::string_view key) {
    return key.size() <= 64 && key.find_first_not_of(
                                   "0123456789abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ-.") == std::string_view::npos;
}

std::string path_of(const KeysArguments& arguments) {
    std::string path(kPath);
    if (!arguments.key.empty()) path += "/" + arguments.key;
    if (arguments.action == "revoke") path += "/revoke";
    return path;
}

}  // namespace

Result<std::string> key_wish_body(const KeysArguments& arguments) {
    std::string body = "{";
    if (arguments.tenant) member("tenant", json_string(*arguments.tenant), body);
    if (arguments.name) member("name", json_string(*arguments.name), body);
    if (arguments.models) member("models", models_json(*arguments.models), body);
    const auto rate = [&](const char* option, std::string_view name,
                          const std::optional<std::string>& text) -> Result<void> {
        if (!text) return {};
        const std::optional<std::uint64_t> value = *text == "none" ? 0 : parse_whole(*text);
        if (!value) return fail(ErrorCode::invalid, std::string(option) + " is a whole number, or none");
        member(name, std::to_string(*value), body);
        return {};
    };
    if (auto read = rate("--rpm", "requests_per_minute", arguments.rpm); !read) return tl::unexpected(read.error());
    if (auto read = rate("--tpm", "tokens_per_minute", arguments.tpm); !read) return tl::unexpected(read.error());
    if (auto read = rate("--parallel", "parallel", arguments.parallel); !read) return tl::unexpected(read.error());
    if (arguments.expires) {
        const std::optional<Micros> in = *arguments.expires == "never" ? 0 : parse_duration(*arguments.expires);
        if (!in || (*in > 0 && *in < kSecond) || (*in == 0 && *arguments.expires != "never")) {
            return fail(ErrorCode::invalid, "--expires is how long from now, such as 12h or 30d, or never");
        }
        member("expires_in_s", std::to_string(*in / kSecond), body);
    }
    return body + "}";
}

Result<std::string> render_keys_table(std::string_view body) {
    std::vector<json::Member> members;
    if (auto read = json::members(body, members); !read) return tl::unexpected(read.error());
    const Fields top(body, json::Span{0, body.size()});
    const auto list = json::find_member(body, json::Span{0, body.size()}, "keys");
    if (!list || !json::is_array(list->of(body))) return fail(ErrorCode::invalid, "no member keys");
    Table table = key_table();
    std::vector<json::Span> keys;
    json::elements_within(body, *list, keys);
    for (const json::Span& key : keys) add_key(body, key, table);
    const std::uint64_t configured = top.whole("configured");
    std::string out = keys.empty() ? "No keys were made here.\n" : table.render();
    if (configured > 0) out += "\nThe configuration has " + with_thousands(configured) + " more.\n";
    if (keys.empty() && configured == 0)
        out += "The first one ends the time without: from then on all requests need one.\n";
    return out;
}

int keys_command(const KeysArguments& arguments, const LoadSettings& settings, std::ostream& out, std::ostream& err) {
    std::string problem = usage_problem(arguments);
    if (problem.empty() && !is_plain(arguments.key)) problem = "no key begins with " + quote(arguments.key);
    const Result<std::string> body = key_wish_body(arguments);
    if (problem.empty() && !body) problem = body.error().message;
    if (!problem.empty()) {
        err << "weir keys: " << problem << "\n";
        return 2;
    }
    LoadSettings quiet = settings;
    quiet.secrets = false;
    const LoadResult loaded = load_config(arguments.config_file, quiet);
    if (!loaded) {
        for (const Diagnostic& each : loaded.error()) err << to_string(each) << "\n";
        return 2;
    }
    const bool lists = arguments.action == "list";
    const Result<AdminReply> reply = ask_admin(loaded->options, lists ? "GET" : "POST", path_of(arguments), *body);
    if (!reply) {
        err << "weir keys: " << reply.error().message << "\n";
        return reply.error().code == ErrorCode::invalid ? 2 : 1;
    }
    if (reply->status != 200) return refused("keys", *reply, err);
    if (arguments.format == OutputFormat::json) {
        out << reply->body << "\n";
        return 0;
    }
    const Result<std::string> table = lists ? render_keys_table(reply->body) : render_key(reply->body);
    if (!table) {
        err << "weir keys: the gateway's answer can't be read: " << table.error().message << "\n";
        return 1;
    }
    out << *table;
    return 0;
}

}  // namespace weir::cli
