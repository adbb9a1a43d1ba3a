#include "cli/config_reader.h"

#include <algorithm>

#include "base/decimal.h"
#include "cli/config_values.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxDiagnostics = 100;
constexpr std::size_t kMaxSecretBytes = 4096;
constexpr std::size_t kMaxExpandedBytes = 64 * 1024;

std::string_view kind_name(ConfigNode::Kind kind) {
    switch (kind) {
        case ConfigNode::Kind::null:
            return "nothing";
        case ConfigNode::Kind::scalar:
            return "a single value";
        case ConfigNode::Kind::list:
            return "a list";
        case ConfigNode::Kind::map:
            return "a map";
    }
    return "nothing";
}

void add(std::vector<Diagnostic>& to, const std::string& file, int line, std::string message) {
    if (to.size() < kMaxDiagnostics) to.push_back({file, line, std::move(message)});
    if (to.size() == kMaxDiagnostics) to.push_back({file, 0, "more than 100 of these; the rest is left out"});
}

std::vector<Diagnostic> by_line(std::vector<Diagnostic> diagnostics) {
    std::stable_sort(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& a, const Diagnostic& b) { return a.line < b.line; });
    return diagnostics;
}

bool is_header_safe(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

std::string join(const std::vector<std::string_view>& words) {
    std::string out;
    for (const std::string_view word : words) {
        if (!out.empty()) out += ", ";
        out += word;
    }
    return out;
}

void Reader::error(int line, std::string message) {
    add(errors_, file_, line, std::move(message));
}
void Reader::warning(int line, std::string message) {
    add(warnings_, file_, line, std::move(message));
}
std::vector<Diagnostic> Reader::take_errors() {
    return by_line(std::move(errors_));
}
std::vector<Diagnostic> Reader::take_warnings() {
    return by_line(std::move(warnings_));
}

std::optional<std::string> Reader::text(const ConfigNode& node, const std::string& what) {
    if (node.kind != ConfigNode::Kind::scalar) {
        error(node.line, what + " is " + std::string(kind_name(node.kind)) + ", but a single value belongs here");
        return std::nullopt;
    }
    return expand(node, what);
}

std::optional<std::string> Reader::expand(const ConfigNode& node, const std::string& what) {
    const std::string_view written = node.text;
    std::string out;
    for (std::size_t i = 0; i < written.size();) {
        if (!written.substr(i).starts_with("${")) {
            out += written[i++];
            continue;
        }
        const std::optional<std::size_t> end = reference_end(written, i);
        if (!end) {
            error(node.line, what + ": ${ is not followed by NAME} or NAME:-default}");
            return std::nullopt;
        }
        const std::string_view inside = written.substr(i + 2, *end - i - 3);
        const std::size_t dash = inside.find(":-");
        const std::string name(inside.substr(0, dash));
        std::optional<std::string> value = environment_ ? environment_(name) : std::nullopt;
        if (dash != std::string_view::npos && value.value_or("").empty()) value = inside.substr(dash + 2);
        if (!value) {
            error(node.line, what + ": the environment variable " + name + " is not set");
            return std::nullopt;
        }
        out += *value;
        i = *end;
        if (out.size() > kMaxExpandedBytes) {
            error(node.line, what + ": longer than 64 KiB once its variables are put in");
            return std::nullopt;
        }
    }
    return out;
}

std::optional<std::string> Reader::secret(const ConfigNode& node, const std::string& what) {
    const bool reference = node.kind == ConfigNode::Kind::scalar && reference_end(node.text, 0) == node.text.size();
    if (!reference) {
        error(node.line, what +
                             ": a secret does not stand in this file. Put it into an environment variable and write "
                             "${NAME} here, with nothing around it");
        return std::nullopt;
    }
    if (node.text.find(":-") != std::string::npos) {
        error(node.line, what + ": a secret has no default; write ${NAME}");
        return std::nullopt;
    }
    if (!secrets_) return node.text;
    std::optional<std::string> value = expand(node, what);
    if (!value) return std::nullopt;
    if (value->empty()) {
        error(node.line, what + ": the environment variable in " + node.text + " is empty");
        return std::nullopt;
    }
    if (value->size() > kMaxSecretBytes || !is_header_safe(*value)) {
        error(node.line, what + ": " + node.text +
                             " holds spaces, line ends, control or non-ASCII characters, or more " +
                             "than 4096 bytes; it can't be sent in a header");
        return std::nullopt;
    }
    return value;
}

std::vector<std::string> Reader::texts(const ConfigNode& node, const std::string& what, std::size_t at_most) {
    std::vector<std::string> out;
    if (node.kind == ConfigNode::Kind::scalar) {
        if (std::optional<std::string> one = text(node, what)) out.push_back(std::move(*one));
        return out;
    }
    if (node.kind != ConfigNode::Kind::list) {
        error(node.line, what + " is " + std::string(kind_name(node.kind)) + ", but a list belongs here");
        return out;
    }
    if (node.items.size() > at_most) {
        error(node.line, what + " has more than " + std::to_string(at_most) + " items");
        return out;
    }
    for (const ConfigNode& item : node.items) {
        if (std::optional<std::string> one = text(item, what)) out.push_back(std::move(*one));
    }
    return out;
}

Section::Section(Reader& reader, const ConfigNode& node, std::string path)
    : reader_(reader), node_(nullptr), path_(std::move(path)), line_(node.line) {
    if (node.kind == ConfigNode::Kind::map) {
        node_ = &node;
    } else {
        const std::string what = path_.empty() ? "the file" : path_;
        reader_.error(line_,
                      what + " is " + std::string(kind_name(node.kind)) + ", but a map (key: value) belongs here");
    }
}

std::string Section::path_to(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const ConfigNode* Section::find(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
    if (node_ == nullptr) return nullptr;
    for (const ConfigNode::Entry& entry : node_->entries) {
        if (entry.key != key) continue;
        if (entry.value.kind == ConfigNode::Kind::null) {
            reader_.error(entry.line, path_to(key) + " has no value; leave the line out for the default");
            return nullptr;
        }
        return &entry.value;
    }
    return nullptr;
}

const ConfigNode* Section::require(std::string_view key) {
    const ConfigNode* const found = find(key);
    if (found != nullptr || node_ == nullptr) return found;
    if (!has(key)) reader_.error(line_, (path_.empty() ? "" : path_ + ": ") + "the key " + quote(key) + " is missing");
    return nullptr;
}

bool Section::has(std::string_view key) const {
    return node_ != nullptr && std::any_of(node_->entries.begin(), node_->entries.end(),
                                           [key](const ConfigNode::Entry& entry) { return entry.key == key; });
}

int Section::line_of(std::string_view key) const {
    if (node_ != nullptr) {
        for (const ConfigNode::Entry& entry : node_->entries) {
            if (entry.key == key) return entry.line;
        }
    }
    return line_;
}

std::optional<std::string> Section::scalar(std::string_view key) {
    const ConfigNode* const found = find(key);
    if (found == nullptr) return std::nullopt;
    return reader_.text(*found, path_to(key));
}

// Shows the value as written: what a variable expands to may be a secret in the wrong place.
void Section::wrong(std::string_view key, const std::string& is_not_what) {
    const ConfigNode* const found = find(key);
    const bool expanded = found->text.find("${") != std::string::npos;
    reader_.error(found->line, path_to(key) + ": " + (expanded ? "what " : "") + quote(found->text) +
                                   (expanded ? " stands for " : " ") + is_not_what);
}

bool Section::text(std::string_view key, std::string& to) {
    std::optional<std::string> value = scalar(key);
    if (!value) return false;
    if (value->empty() || value->find('\0') != std::string::npos) {
        wrong(key, "is empty");
        return false;
    }
    to = std::move(*value);
    return true;
}

void Section::secret(std::string_view key, std::string& to) {
    const ConfigNode* const found = find(key);
    if (found == nullptr) return;
    if (std::optional<std::string> value = reader_.secret(*found, path_to(key))) to = std::move(*value);
}

void Section::flag(std::string_view key, bool& to) {
    choice<bool>(key, to, {{"true", true}, {"false", false}});
}

void Section::size(std::string_view key, std::uint64_t& to, std::uint64_t least, std::uint64_t most) {
    const std::optional<std::string> word = scalar(key);
    if (!word) return;
    const std::optional<std::uint64_t> value = parse_size(*word);
    if (!value) {
        wrong(key, "is not a size: a whole number with B, KiB, MiB, GiB or TiB, such as 32MiB");
    } else if (*value < least || *value > most) {
        wrong(key, "is out of range: " + format_size(least) + " to " + format_size(most));
    } else {
        to = *value;
    }
}

void Section::duration(std::string_view key, Micros& to, Micros least, Micros most) {
    const std::optional<std::string> word = scalar(key);
    if (!word) return;
    const std::optional<Micros> value = parse_duration(*word);
    if (!value) {
        wrong(key, "is not a duration: a whole number with us, ms, s, m, h or d, such as 10s");
    } else if (*value < least || *value > most) {
        wrong(key, "is out of range: " + format_duration(least) + " to " + format_duration(most));
    } else {
        to = *value;
    }
}

void Section::share(std::string_view key, double& to, double least, double most) {
    const std::optional<std::string> word = scalar(key);
    if (!word) return;
    const std::optional<double> value = parse_share(*word);
    if (!value || *value < least || *value > most) {
        wrong(key, "is not a share from " + format_share(least) + " to " + format_share(most) + ": write 2% or 0.02");
    } else {
        to = *value;
    }
}

void Section::real(std::string_view key, std::optional<double>& to, double least, double most) {
    const std::optional<std::string> word = scalar(key);
    if (!word) return;
    const std::optional<double> value = parse_real(*word);
    if (!value || *value < least || *value > most) {
        wrong(key, "is not a number from " + std::to_string(static_cast<long>(least)) + " to " +
                       std::to_string(static_cast<long>(most)));
    } else {
        to = *value;
    }
}

void Section::usd(std::string_view key, std::optional<Usd>& to, Usd most) {
    const std::optional<std::string> word = scalar(key);
    if (!word) return;
    constexpr int kNanoDigits = 9;
    const Result<std::int64_t> nanos = parse_decimal_scaled(*word, kNanoDigits);
    if (!nanos) {
        wrong(key, "is not an amount in USD, such as 5 or 0.25: " + nanos.error().message);
    } else if (*nanos < 0 || *nanos > most.nanos) {
        wrong(key, "is out of range: 0 to " + to_decimal(most) + " USD");
    } else {
        to = Usd{*nanos};
    }
}

void Section::address(std::string_view key, gateway::Address& to) {
    const std::optional<std::string> word = scalar(key);
    if (!word) return;
    Result<gateway::Address> value = parse_address(*word);
    if (!value) {
        wrong(key, "is not an address such as 127.0.0.1:8080: " + value.error().message);
    } else {
        to = std::move(*value);
    }
}

void Section::whole_number(std::string_view key, std::uint64_t& to, std::uint64_t least, std::uint64_t most) {
    const std::optional<std::string> word = scalar(key);
    if (!word) return;
    const std::optional<std::uint64_t> value = parse_whole(*word);
    if (!value || *value < least || *value > most) {
        wrong(key, "is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    } else {
        to = *value;
    }
}

void Section::not_a_choice(std::string_view key, const std::string& word, const std::vector<std::string_view>& names) {
    const std::string_view meant = closest(word, names);
    wrong(key, "is none of " + join(names) + (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)"));
}

void Section::refuse(std::string_view key, std::string_view why) {
    if (node_ == nullptr) return;
    for (const ConfigNode::Entry& entry : node_->entries) {
        if (entry.key == key) {
            reader_.error(entry.line, path_to(key) + " " + std::string(why));
            refused_.push_back(key);
        }
    }
}

void Section::finish() {
    if (node_ == nullptr) return;
    for (const ConfigNode::Entry& entry : node_->entries) {
        const auto is_it = [&entry](std::string_view key) { return key == entry.key; };
        if (std::any_of(known_.begin(), known_.end(), is_it)) continue;
        if (std::any_of(refused_.begin(), refused_.end(), is_it)) continue;
        const std::string_view meant = closest(entry.key, known_);
        reader_.error(entry.line, "unknown key " + quote(entry.key) + (path_.empty() ? "" : " in " + path_) +
                                      (meant.empty() ? "" : " (did you mean " + quote(meant) + "?)") +
                                      "; allowed: " + join(known_));
    }
}

}  // namespace weir::cli
