// SpanForm::learn: the form that nine tenths of the answers share.
#include <algorithm>
#include <map>

#include "tiers/student/span_form.h"

namespace weir::tiers::student {
namespace {

using Kind = SpanForm::Kind;
using Node = SpanForm::Node;

constexpr double kMostOdd = 0.1;          // share of answers that may be of another form
constexpr double kLeastFound = 0.9;       // share of all strings that must stand in the slot
constexpr double kLeastFoundOfOne = 0.8;  // the same for one leaf of the form
constexpr std::size_t kMostStyleChecks = 200;

struct Instance {
    std::size_t row = 0;
    json::Span value;  // empty: the member was left out
};

// The most frequent of the spellings; the first of them where several are.
template <class Key>
const Key* most_frequent(const std::map<Key, std::size_t>& counts) {
    const Key* best = nullptr;
    std::size_t most = 0;
    for (const auto& [key, count] : counts) {
        if (count <= most) continue;
        most = count;
        best = &key;
    }
    return best;
}

}  // namespace

class FormLearner {
  public:
    explicit FormLearner(std::span<const StudentExample> examples) : examples_(examples) {}

    std::optional<SpanForm> run() {
        std::map<std::pair<std::string_view, std::string_view>, std::size_t> around;
        documents_.resize(examples_.size());
        std::vector<Instance> roots;
        for (std::size_t row = 0; row < examples_.size(); ++row) {
            if (!parse_answer(examples_[row].answer, documents_[row])) continue;
            roots.push_back({row, documents_[row].root});
            ++around[{documents_[row].before, documents_[row].behind}];
        }
        if (roots.empty() || few(roots.size(), examples_.size())) return std::nullopt;
        SpanForm form;
        const auto* frame = most_frequent(around);
        form.before_ = frame->first;
        form.behind_ = frame->second;
        if (form.before_.size() > kMostFormText || form.behind_.size() > kMostFormText) return std::nullopt;
        if (!node(roots, 0, form.root_) || !form.number_labels()) return std::nullopt;
        if (strings_ == 0 || static_cast<double>(found_) < kLeastFound * static_cast<double>(strings_)) {
            return std::nullopt;
        }
        form.style_ = style(form);
        return form;
    }

  private:
    static bool few(std::size_t part, std::size_t whole) {
        return static_cast<double>(part) < (1 - kMostOdd) * static_cast<double>(whole);
    }
    std::string_view raw(const Instance& instance) const { return documents_[instance.row].raw(instance.value); }
    bool in_slot(const Instance& instance, std::string_view text) const {
        return examples_[instance.row].text.find(text) != std::string_view::npos;
    }

    bool node(const std::vector<Instance>& instances, std::size_t depth, Node& out) {
        if (depth > 6 || ++nodes_ > kMostFormNodes) return false;
        std::vector<Instance> objects, arrays, strings, others, nothing;
        for (const Instance& each : instances) {
            const std::string_view text = raw(each);
            auto& kind = each.value.empty() || json::is_null(text) ? nothing
                         : json::is_object(text)                   ? objects
                         : json::is_array(text)                    ? arrays
                         : json::is_string(text)                   ? strings
                                                                   : others;
            kind.push_back(each);
        }
        if (constant(instances, out)) return true;
        if (!few(objects.size(), instances.size())) return object(objects, depth, out);
        if (!few(arrays.size() + nothing.size(), instances.size()) && !arrays.empty()) {
            return list(arrays, nothing, out);
        }
        if (!few(strings.size() + nothing.size(), instances.size()) && !strings.empty()) {
            return leaf(strings, nothing, Kind::text, out);
        }
        if (!few(others.size() + nothing.size(), instances.size()) && !others.empty()) {
            return leaf(others, nothing, Kind::number, out);
        }
        return false;
    }

    // The same in every answer, and no piece of the prompt.
    bool constant(const std::vector<Instance>& instances, Node& out) const {
        const std::string_view first = raw(instances.front());
        if (first.empty() || first.size() > kMostFormText || json::is_object(first)) return false;
        for (const Instance& each : instances) {
            if (raw(each) != first) return false;
        }
        const auto text = json::as_string(first);
        if (text && !text->empty() && in_slot(instances.front(), *text)) return false;
        out.kind = Kind::constant;
        out.constant = first;
        return true;
    }

    bool object(const std::vector<Instance>& objects, std::size_t depth, Node& out) {
        std::vector<std::string> keys;
        std::map<std::string, std::vector<Instance>> values;
        for (const Instance& each : objects) {
            std::size_t place = 0;  // a new key goes behind the one before it
            std::vector<std::string> seen;
            for (json::Walk walk(documents_[each.row].text, each.value); walk.next(); ++place) {
                const std::string key(walk.raw_key());
                auto at = std::find(keys.begin(), keys.end(), key);
                if (at == keys.end()) {
                    if (keys.size() >= kMostFormNodes || key.size() > kMostFormText) return false;
                    at = keys.insert(keys.begin() + static_cast<std::ptrdiff_t>(place), key);
                }
                place = static_cast<std::size_t>(at - keys.begin());
                if (std::find(seen.begin(), seen.end(), key) != seen.end()) break;  // twice: the rest is not looked at
                seen.push_back(key);
                values[key].push_back({each.row, walk.value()});
            }
            for (const std::string& key : keys) {
                if (std::find(seen.begin(), seen.end(), key) == seen.end()) values[key].push_back({each.row, {}});
            }
        }
        out.kind = Kind::object;
        for (const std::string& key : keys) {
            Node& child = out.nodes.emplace_back();
            child.key = key;
            std::vector<Instance>& of = values[key];
            // Left out in the answers before it was first seen, too.
            for (std::size_t left = objects.size() - std::min(of.size(), objects.size()); left > 0; --left) {
                of.push_back({objects.front().row, {}});
            }
            if (!node(of, depth + 1, child)) return false;
        }
        return !keys.empty();
    }

    bool list(const std::vector<Instance>& arrays, const std::vector<Instance>& nothing, Node& out) {
        std::map<std::string, std::size_t> empties;
        for (const Instance& each : nothing) ++empties[std::string(raw(each))];
        std::vector<Instance> elements;
        std::size_t objects = 0, strings = 0;
        for (const Instance& each : arrays) {
            const std::size_t before = elements.size();
            for (json::Walk walk(documents_[each.row].text, each.value); walk.next();) {
                objects += walk.at_object() ? 1 : 0;
                strings += json::is_string(walk.raw()) ? 1 : 0;
                elements.push_back({each.row, walk.value()});
            }
            if (elements.size() == before) ++empties["[]"];
        }
        const std::string* empty = most_frequent(empties);
        out.empty = empty == nullptr ? "[]" : *empty;
        if (elements.empty()) return false;
        if (!few(objects, elements.size())) return records(elements, out);
        if (few(strings, elements.size())) return false;
        out.kind = Kind::list;
        std::size_t found = 0;
        for (const Instance& each : elements) {
            const auto text = json::as_string(raw(each));
            found += text && !text->empty() && in_slot(each, *text) ? 1 : 0;
        }
        return count(found, elements.size());
    }

    bool records(const std::vector<Instance>& elements, Node& out) {
        out.kind = Kind::records;
        for (json::Walk walk(documents_[elements.front().row].text, elements.front().value); walk.next();) {
            out.record_keys.emplace_back(walk.raw_key());
        }
        const std::size_t keys = out.record_keys.size();
        if (keys == 0 || keys > 16) return false;
        std::vector<std::vector<std::string>> columns(keys);
        std::vector<std::size_t> found(keys, 0);
        std::vector<std::map<std::string, std::size_t>> distinct(keys);
        std::size_t rows = 0;
        for (const Instance& each : elements) {
            std::vector<std::string> values;
            bool same = json::is_object(raw(each));
            for (json::Walk walk(documents_[each.row].text, each.value); same && walk.next();) {
                same = values.size() < keys && out.record_keys[values.size()] == walk.raw_key();
                values.emplace_back(walk.raw());
            }
            if (!same || values.size() != keys) continue;
            ++rows;
            for (std::size_t key = 0; key < keys; ++key) {
                const auto text = json::as_string(values[key]);
                found[key] += text && !text->empty() && in_slot(each, *text) ? 1 : 0;
                ++distinct[key][values[key]];
                columns[key].push_back(std::move(values[key]));
            }
        }
        if (few(rows, elements.size())) return false;
        std::size_t best = 0;
        for (std::size_t key = 1; key < keys; ++key) {
            const auto rank = [&](std::size_t of) { return std::pair(found[of], distinct[of].size()); };
            if (rank(key) > rank(best)) best = key;
        }
        out.text_key = static_cast<std::uint16_t>(best);
        std::map<std::vector<std::string>, std::size_t> kinds;
        for (std::size_t row = 0; row < rows; ++row) {
            std::vector<std::string> kind;
            for (std::size_t key = 0; key < keys; ++key) {
                if (key != best) kind.push_back(columns[key][row]);
            }
            ++kinds[kind];
            if (kinds.size() > kMostSpanLabels) return false;
        }
        for (const auto& [kind, times] : kinds) out.record_kinds.push_back(kind);
        return count(found[best], elements.size());
    }

    bool leaf(const std::vector<Instance>& values, const std::vector<Instance>& nothing, Kind kind, Node& out) {
        out.kind = kind;
        std::map<std::string, std::size_t> empties, strange;
        for (const Instance& each : nothing) ++empties[std::string(raw(each))];
        std::size_t found = 0;
        for (const Instance& each : values) {
            const std::string spelled(raw(each));
            const auto text = kind == Kind::text ? json::as_string(spelled) : spelled;
            const bool there = text && !text->empty() && in_slot(each, *text);
            found += there ? 1 : 0;
            if (!there && spelled.size() <= 64) ++strange[spelled];
        }
        for (const auto& [spelled, times] : strange) {
            if (times > 1) empties[spelled] += times;  // once is a slip, more may be how nothing is spelled
        }
        const std::string* empty = most_frequent(empties);
        out.empty = empty == nullptr ? "null" : *empty;
        const std::size_t spelled_nothing =
            empty == nullptr || empty->empty() || *empty == "null" ? 0 : empties[*empty];
        return count(found, values.size() - spelled_nothing);
    }

    bool count(std::size_t found, std::size_t strings) {
        found_ += found;
        strings_ += strings;
        return found > 0 && static_cast<double>(found) >= kLeastFoundOfOne * static_cast<double>(strings);
    }

    // The layout in which most of the answers come out as they are.
    SpanForm::Style style(const SpanForm& form) const {
        SpanForm::Style best;
        std::size_t most = 0;
        for (unsigned trial = 0; trial < 16; ++trial) {
            SpanForm tried = form;
            tried.style_.ascii = trial % 2 == 1;
            constexpr std::uint8_t kIndents[] = {0, 0, 2, 4, 1, 3, 2, 4};
            tried.style_.indent = kIndents[trial / 2];
            tried.style_.tight = trial / 2 == 1;
            tried.style_.inline_lists = trial / 2 >= 6;
            std::size_t same = 0;
            std::vector<SpanValue> values;
            std::string text;
            for (std::size_t row = 0; row < std::min(examples_.size(), kMostStyleChecks); ++row) {
                text.clear();
                if (tried.read(examples_[row].answer, values) && tried.write(values, text)) {
                    same += text == examples_[row].answer ? 1 : 0;
                }
            }
            if (same <= most) continue;
            most = same;
            best = tried.style_;
        }
        return best;
    }

    std::span<const StudentExample> examples_;
    std::vector<AnswerDocument> documents_;
    std::size_t nodes_ = 0, strings_ = 0, found_ = 0;
};

std::optional<SpanForm> SpanForm::learn(std::span<const StudentExample> examples) {
    return FormLearner(examples).run();
}

}  // namespace weir::tiers::student
