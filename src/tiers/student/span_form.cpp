#include "tiers/student/span_form.h"

#include <algorithm>

#include "json/scan.h"
#include "text/utf8.h"

namespace weir::tiers::student {
namespace {

using Kind = SpanForm::Kind;
using Node = SpanForm::Node;

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMostDepth = 8;

// ---- reading an answer

bool read_node(const AnswerDocument& document, json::Span span, const Node& node, std::vector<SpanValue>& out);

bool add(std::size_t label, std::string_view raw, std::vector<SpanValue>& out) {
    SpanValue value{static_cast<std::uint16_t>(label), {}};
    if (out.size() >= kMostAnswerSpans || !json::append_string(raw, value.text) || value.text.empty()) return false;
    out.push_back(std::move(value));
    return true;
}

bool read_object(const AnswerDocument& document, json::Span span, const Node& node, std::vector<SpanValue>& out) {
    std::vector<json::Span> found(node.nodes.size());
    for (json::Walk walk(document.text, span); walk.next();) {
        const auto child = std::find_if(node.nodes.begin(), node.nodes.end(),
                                        [&](const Node& each) { return each.key == walk.raw_key(); });
        if (child == node.nodes.end()) return false;
        json::Span& place = found[static_cast<std::size_t>(child - node.nodes.begin())];
        if (!place.empty()) return false;
        place = walk.value();
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
        const Node& child = node.nodes[i];
        if (found[i].empty()) {
            if (child.kind == Kind::object || child.kind == Kind::constant) return false;
        } else if (!read_node(document, found[i], child, out)) {
            return false;
        }
    }
    return true;
}

bool read_record(const AnswerDocument& document, json::Span span, const Node& node, std::vector<SpanValue>& out) {
    std::vector<std::string_view> others;
    std::string_view text;
    std::size_t at = 0;
    for (json::Walk walk(document.text, span); walk.next(); ++at) {
        if (at >= node.record_keys.size() || node.record_keys[at] != walk.raw_key()) return false;
        if (at == node.text_key) {
            text = walk.raw();
        } else {
            others.push_back(walk.raw());
        }
    }
    const auto kind = std::find_if(node.record_kinds.begin(), node.record_kinds.end(), [&](const auto& each) {
        return std::equal(each.begin(), each.end(), others.begin(), others.end());
    });
    return kind != node.record_kinds.end() &&
           add(node.label + static_cast<std::size_t>(kind - node.record_kinds.begin()), text, out);
}

bool read_list(const AnswerDocument& document, json::Span span, const Node& node, std::vector<SpanValue>& out) {
    if (!json::is_array(document.raw(span))) return false;
    for (json::Walk walk(document.text, span); walk.next();) {
        if (node.kind == Kind::list ? !add(node.label, walk.raw(), out)
                                    : !walk.at_object() || !read_record(document, walk.value(), node, out)) {
            return false;
        }
    }
    return true;
}

bool read_node(const AnswerDocument& document, json::Span span, const Node& node, std::vector<SpanValue>& out) {
    const std::string_view raw = document.raw(span);
    switch (node.kind) {
        case Kind::object:
            return json::is_object(raw) && read_object(document, span, node, out);
        case Kind::constant:
            return raw == node.constant;
        case Kind::records:
        case Kind::list:
            return raw == node.empty || json::is_null(raw) || read_list(document, span, node, out);
        case Kind::text:
            return raw == node.empty || json::is_null(raw) || raw == "\"\"" || add(node.label, raw, out);
        case Kind::number:
            if (raw == node.empty || json::is_null(raw)) return true;
            if (!is_number(raw) || out.size() >= kMostAnswerSpans) return false;
            out.push_back({node.label, std::string(raw)});
            return true;
    }
    return false;
}

// ---- writing one

void append_ascii(std::string_view quoted, std::string& out) {
    static constexpr char kDigits[] = "0123456789abcdef";
    const auto unit = [&out](unsigned value) {
        out += "\\u";
        for (unsigned shift = 16; shift > 0;) out += kDigits[(value >> (shift -= 4)) & 0xFU];
    };
    for (std::size_t at = 0; at < quoted.size();) {
        if (static_cast<unsigned char>(quoted[at]) < 0x80) {
            out += quoted[at++];
            continue;
        }
        const text::CodePoint point = text::decode(quoted, at);
        const unsigned value = point.value;
        if (value < 0x10000) {
            unit(value);
        } else {
            unit(0xD800U + ((value - 0x10000U) >> 10U));
            unit(0xDC00U + ((value - 0x10000U) & 0x3FFU));
        }
        at += point.size;
    }
}

class Writer {
  public:
    Writer(const SpanForm::Style& style, std::span<const SpanValue> values, std::string& out)
        : style_(style), values_(values), out_(out) {}

    // `left_out`: whether the member is not to be there at all.
    bool left_out(const Node& node) const {
        const bool leaf = node.kind != Kind::object && node.kind != Kind::constant;
        return leaf && node.empty.empty() && !node.key.empty() && !has(node);
    }

    bool value(const Node& node, unsigned depth) {
        switch (node.kind) {
            case Kind::object:
                return object(node, depth);
            case Kind::constant:
                out_ += node.constant;
                return true;
            case Kind::records:
            case Kind::list:
                return list(node, depth);
            case Kind::text:
            case Kind::number:
                return single(node);
        }
        return false;
    }

  private:
    static std::size_t kinds(const Node& node) { return node.kind == Kind::records ? node.record_kinds.size() : 1; }
    static bool of(const SpanValue& value, const Node& node) {
        return value.label >= node.label && value.label < node.label + kinds(node);
    }
    bool has(const Node& node) const {
        return std::any_of(values_.begin(), values_.end(), [&](const SpanValue& each) { return of(each, node); });
    }
    void line(unsigned depth) {
        if (style_.indent == 0) return;
        out_ += '\n';
        out_.append(std::size_t{depth} * style_.indent, ' ');
    }
    void comma(unsigned depth, bool on_one_line = false) {
        out_ += ',';
        if (style_.indent == 0 || on_one_line) {
            if (!style_.tight) out_ += ' ';
        } else {
            line(depth);
        }
    }
    void key(std::string_view raw) {
        out_ += raw;
        out_ += style_.tight ? ":" : ": ";
    }
    void string(std::string_view text) {
        if (!style_.ascii) return json::write_string(text, out_);
        std::string quoted;
        json::write_string(text, quoted);
        append_ascii(quoted, out_);
    }

    bool object(const Node& node, unsigned depth) {
        out_ += '{';
        bool any = false;
        for (const Node& child : node.nodes) {
            if (left_out(child)) continue;
            if (any) {
                comma(depth + 1);
            } else {
                line(depth + 1);
            }
            any = true;
            key(child.key);
            if (!value(child, depth + 1)) return false;
        }
        if (any) line(depth);
        out_ += '}';
        return true;
    }

    bool single(const Node& node) {
        const SpanValue* found = nullptr;
        for (const SpanValue& each : values_) {
            if (each.label != node.label) continue;
            if (found != nullptr) return false;
            found = &each;
        }
        if (found == nullptr) {
            out_ += node.empty.empty() ? "null" : node.empty;
        } else if (node.kind == Kind::text) {
            string(found->text);
        } else {
            if (!is_number(found->text)) return false;
            out_ += found->text;
        }
        return true;
    }

    bool list(const Node& node, unsigned depth) {
        if (!has(node)) {
            out_ += node.empty.empty() ? "[]" : node.empty;
            return true;
        }
        const bool on_one_line = node.kind == Kind::list && style_.inline_lists;
        out_ += '[';
        bool any = false;
        for (const SpanValue& each : values_) {
            if (!of(each, node)) continue;
            if (any) {
                comma(depth + 1, on_one_line);
            } else if (!on_one_line) {
                line(depth + 1);
            }
            any = true;
            if (node.kind == Kind::list) {
                string(each.text);
            } else {
                record(node, each, depth + 1);
            }
        }
        if (!on_one_line) line(depth);
        out_ += ']';
        return true;
    }

    void record(const Node& node, const SpanValue& value, unsigned depth) {
        const bool on_one_line = style_.inline_lists;
        out_ += '{';
        auto other = node.record_kinds[value.label - node.label].begin();
        for (std::size_t i = 0; i < node.record_keys.size(); ++i) {
            if (i > 0) {
                comma(depth + 1, on_one_line);
            } else if (!on_one_line) {
                line(depth + 1);
            }
            key(node.record_keys[i]);
            if (i == node.text_key) {
                string(value.text);
            } else {
                out_ += *other++;
            }
        }
        if (!on_one_line) line(depth);
        out_ += '}';
    }

    const SpanForm::Style& style_;
    std::span<const SpanValue> values_;
    std::string& out_;
};

// ---- bytes

void write_node(const Node& node, learn::ModelWriter& to) {
    to.put(node.kind);
    to.put_text(node.key);
    to.put_text(node.empty);
    to.put_text(node.constant);
    to.put(static_cast<std::uint16_t>(node.nodes.size()));
    for (const Node& child : node.nodes) write_node(child, to);
    to.put(static_cast<std::uint16_t>(node.record_keys.size()));
    for (const std::string& key : node.record_keys) to.put_text(key);
    to.put(node.text_key);
    to.put(static_cast<std::uint16_t>(node.record_kinds.size()));
    for (const auto& kind : node.record_kinds) {
        for (const std::string& raw : kind) to.put_text(raw);
    }
}

// A raw value as it will stand in an answer: one JSON value, or nothing.
bool sound_raw(std::string_view raw) {
    AnswerDocument document;
    if (raw.empty()) return true;
    return parse_answer("[" + std::string(raw) + "]", document) && document.before.empty() &&
           document.raw(document.root).size() == raw.size() + 2 && [&] {
               std::size_t count = 0;
               for (json::Walk walk(document.text, document.root); walk.next();) ++count;
               return count == 1;
           }();
}

bool read_form_node(learn::ModelReader& from, std::size_t depth, std::size_t& left, Node& node) {
    if (depth > kMostDepth || left-- == 0) return false;
    const auto kind = from.get<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(Kind::records)) return false;
    node.kind = static_cast<Kind>(kind);
    node.key = from.get_text(kMostFormText);
    node.empty = from.get_text(kMostFormText);
    node.constant = from.get_text(kMostFormText);
    if (!sound_raw(node.key) || !sound_raw(node.empty) || !sound_raw(node.constant)) return false;
    if ((depth > 0) != json::is_string(node.key)) return false;
    const std::size_t nodes = from.get<std::uint16_t>();
    if (nodes > left || (nodes > 0 && node.kind != Kind::object)) return false;
    node.nodes.resize(nodes);
    for (Node& child : node.nodes) {
        if (!read_form_node(from, depth + 1, left, child)) return false;
    }
    const std::size_t keys = from.get<std::uint16_t>();
    if (keys > kMostFormNodes || (keys > 0) != (node.kind == Kind::records)) return false;
    for (std::size_t i = 0; i < keys; ++i) {
        node.record_keys.emplace_back(from.get_text(kMostFormText));
        if (!json::is_string(node.record_keys.back()) || !sound_raw(node.record_keys.back())) return false;
    }
    node.text_key = from.get<std::uint16_t>();
    if (keys > 0 && node.text_key >= keys) return false;
    const std::size_t kinds = from.get<std::uint16_t>();
    if (kinds > kMostSpanLabels || (kinds > 0) != (node.kind == Kind::records)) return false;
    for (std::size_t i = 0; i < kinds; ++i) {
        auto& values = node.record_kinds.emplace_back();
        for (std::size_t j = 0; j + 1 < keys; ++j) {
            values.emplace_back(from.get_text(kMostFormText));
            if (values.back().empty() || !sound_raw(values.back())) return false;
        }
    }
    return from.ok() && (node.kind != Kind::constant || !node.constant.empty());
}

bool number(Node& node, std::vector<std::uint8_t>& singles) {
    for (Node& child : node.nodes) {
        if (!number(child, singles)) return false;
    }
    if (node.kind == Kind::object || node.kind == Kind::constant) return true;
    node.label = static_cast<std::uint16_t>(singles.size());
    const std::size_t count = node.kind == Kind::records ? node.record_kinds.size() : 1;
    const bool single = node.kind == Kind::text || node.kind == Kind::number;
    singles.insert(singles.end(), count, single ? 1 : 0);
    return singles.size() <= kMostSpanLabels;
}

}  // namespace

Result<void> SpanForm::number_labels() {
    singles_.clear();
    if (!number(root_, singles_)) return fail(ErrorCode::too_large, "an answer's form has too many labels");
    labels_ = singles_.size();
    if (labels_ == 0) return fail(ErrorCode::invalid, "an answer's form in which nothing varies");
    return {};
}

bool SpanForm::read(std::string_view answer, std::vector<SpanValue>& out) const {
    out.clear();
    AnswerDocument document;
    if (!parse_answer(answer, document) || !read_node(document, document.root, root_, out)) {
        out.clear();
        return false;
    }
    return true;
}

bool SpanForm::write(std::span<const SpanValue> values, std::string& out) const {
    const std::size_t size = out.size();
    if (values.size() > kMostAnswerSpans) return false;
    out += before_;
    Writer writer(style_, values, out);
    if (!writer.value(root_, 0)) {
        out.resize(size);
        return false;
    }
    out += behind_;
    return true;
}

void SpanForm::write(learn::ModelWriter& to) const {
    to.put(kVersion);
    to.put(style_.indent);
    to.put(static_cast<std::uint8_t>((style_.tight ? 1 : 0) | (style_.inline_lists ? 2 : 0) | (style_.ascii ? 4 : 0)));
    to.put_text(before_);
    to.put_text(behind_);
    write_node(root_, to);
}

Result<SpanForm> SpanForm::read(learn::ModelReader& from) {
    const auto damaged = [] { return fail(ErrorCode::invalid, "damaged form of answers"); };
    if (from.get<std::uint8_t>() != kVersion) return fail(ErrorCode::invalid, "no form of answers of this version");
    SpanForm form;
    form.style_.indent = from.get<std::uint8_t>();
    const auto flags = from.get<std::uint8_t>();
    form.style_.tight = (flags & 1U) != 0;
    form.style_.inline_lists = (flags & 2U) != 0;
    form.style_.ascii = (flags & 4U) != 0;
    form.before_ = from.get_text(kMostFormText);
    form.behind_ = from.get_text(kMostFormText);
    std::size_t left = kMostFormNodes;
    if (!from.ok() || form.style_.indent > 8 || flags > 7 || !read_form_node(from, 0, left, form.root_)) {
        return damaged();
    }
    if (!form.number_labels()) return damaged();
    return form;
}

}  // namespace weir::tiers::student
