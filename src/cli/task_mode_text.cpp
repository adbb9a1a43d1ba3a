#include "cli/task_mode_text.h"

#include <algorithm>
#include <regex>
#include <vector>

#include "cli/yaml_tree.h"

namespace weir::cli {
namespace {

using Entry = ConfigNode::Entry;

const Entry* find(const ConfigNode& in, const std::string& key) {
    if (in.kind != ConfigNode::Kind::map) return nullptr;
    const auto found =
        std::find_if(in.entries.begin(), in.entries.end(), [&](const Entry& entry) { return entry.key == key; });
    return found == in.entries.end() ? nullptr : &*found;
}

class Lines {
  public:
    explicit Lines(const std::string& text) {
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
            lines_.push_back(text.substr(at, end - at));
            at = end;
        }
    }
    std::string& at(int line) { return lines_[static_cast<std::size_t>(line - 1)]; }
    bool has(int line) const { return line >= 1 && static_cast<std::size_t>(line) <= lines_.size(); }
    std::string indent(int line) {
        const std::string& text = at(line);
        return text.substr(0, std::min(text.find_first_not_of(' '), text.size()));
    }
    void insert_before(int line, const std::string& text) { lines_.insert(lines_.begin() + (line - 1), text + "\n"); }
    void remove(int first, int last) { lines_.erase(lines_.begin() + (first - 1), lines_.begin() + last); }
    std::string text() const {
        std::string all;
        for (const std::string& line : lines_) all += line;
        return all;
    }

  private:
    std::vector<std::string> lines_;
};

// Of the line, behind `key` and its colon: replaces the first match; false: there is none.
bool replace_behind(std::string& line, const std::string& key, const std::regex& what, const std::string& by) {
    std::size_t from = 0;
    if (!key.empty()) {
        const std::size_t at = line.find(key);
        if (at == std::string::npos) return false;
        from = at + key.size();
    }
    std::smatch found;
    const std::string rest = line.substr(from);
    if (!std::regex_search(rest, found, what)) return false;
    line = line.substr(0, from) + found.prefix().str() + found.format(by) + found.suffix().str();
    return true;
}

const std::regex kOpening(R"(\{\s*)");
const std::regex kModeValue(R"((\bmode\s*:\s*)(\w+))");

bool stands_alone(const Entry& entry) {  // "NUMBER: { mode: shadow }" on a line of its own, or over two
    return entry.value.kind == ConfigNode::Kind::map && entry.value.entries.size() == 1;
}

bool remove_entry(Lines& lines, const Entry& tasks, const Entry& entry) {
    if (!stands_alone(entry)) return false;
    const bool is_block = entry.line > tasks.line;
    if (!is_block) {
        const std::regex one("[\"']?" + entry.key + R"(["']?\s*:\s*\{[^{}]*\}\s*(,\s*)?)");
        return replace_behind(lines.at(entry.line), "", one, "");
    }
    const int first = tasks.value.entries.size() == 1 ? tasks.line : entry.line;
    lines.remove(first, entry.value.entries[0].line);
    return true;
}

bool change_entry(Lines& lines, const Entry& entry, const std::string& mode) {
    const int line = entry.value.kind == ConfigNode::Kind::map && !entry.value.entries.empty()
                         ? entry.value.entries[0].line
                         : entry.line;
    const std::string behind = line == entry.line ? entry.key : "";
    return lines.has(line) && replace_behind(lines.at(line), behind, kModeValue, "$1" + mode);
}

bool add_entry(Lines& lines, const Entry& tasks, const std::string& entry) {
    if (tasks.value.kind != ConfigNode::Kind::map) return false;
    if (tasks.value.entries.empty()) return replace_behind(lines.at(tasks.line), "tasks", kOpening, "{ " + entry + " ");
    const int line = tasks.value.entries[0].line;
    if (line == tasks.line) return replace_behind(lines.at(line), "tasks", kOpening, "{ " + entry + ", ");
    lines.insert_before(line, lines.indent(line) + entry);
    return true;
}

bool add_tasks(Lines& lines, const Entry& cascade, const std::string& entry) {
    if (cascade.value.kind != ConfigNode::Kind::map || cascade.value.entries.empty()) return false;
    const Entry* const mode = find(cascade.value, "mode");
    const Entry& beside = mode != nullptr ? *mode : cascade.value.entries[0];
    if (cascade.value.entries[0].line == cascade.line) {
        return replace_behind(lines.at(cascade.line), cascade.key, kOpening, "{ tasks: { " + entry + " }, ");
    }
    const std::string indent = lines.indent(beside.line);
    lines.insert_before(beside.line, indent + "tasks:");
    lines.insert_before(beside.line + 1, indent + "  " + entry);
    return true;
}

}  // namespace

std::optional<std::string> with_task_mode(const std::string& text, const std::string& cascade, const std::string& task,
                                          std::optional<store::Mode> mode) {
    std::vector<Diagnostic> errors;
    const std::optional<ConfigNode> tree = parse_yaml(text, "", errors);
    if (!tree || !errors.empty()) return std::nullopt;
    const Entry* const cascades = find(*tree, "cascades");
    const Entry* const found = cascades == nullptr ? nullptr : find(cascades->value, cascade);
    if (found == nullptr) return std::nullopt;
    Lines lines(text);
    const Entry* const tasks = find(found->value, "tasks");
    const Entry* const own = tasks == nullptr ? nullptr : find(tasks->value, task);
    const std::string name = mode ? std::string(to_string(*mode)) : std::string();
    const std::string entry = "\"" + task + "\": { mode: " + name + " }";
    bool done = true;
    if (!mode) {
        done = own == nullptr || remove_entry(lines, *tasks, *own);
    } else if (own != nullptr) {
        done = change_entry(lines, *own, name);
    } else {
        done = tasks != nullptr ? add_entry(lines, *tasks, entry) : add_tasks(lines, *found, entry);
    }
    if (!done) return std::nullopt;
    return lines.text();
}

}  // namespace weir::cli
