// Responses: what is open of an item is told whole, the item is done as `incomplete`, and response.incomplete repeats
// the response that began with all its items.
#include <algorithm>
#include <optional>
#include <vector>

#include "json/scan.h"
#include "wire/provider_form.h"
#include "wire/responses_answer.h"
#include "wire/stream_ending.h"

namespace weir::wire {
namespace {

// The object with another value of a member, or with the member.
std::string with_member(std::string_view object, std::string_view name, std::string_view value) {
    std::string out;
    if (const auto there = json::find_member(object, {0, object.size()}, name)) {
        const json::Edit edit{*there, std::string(value)};
        json::splice(object, {&edit, 1}, out);
        return out;
    }
    out = object.substr(0, object.rfind('}'));
    if (!json::is_empty_container(object)) out += ',';
    out += '"' + std::string(name) + "\":" + std::string(value) + '}';
    return out;
}

std::string_view member_of(std::string_view object, std::string_view name) {
    const auto there = json::find_member(object, {0, object.size()}, name);
    return there ? there->of(object) : std::string_view();
}

class ResponsesEnding final : public StreamEnding {
    // What is said piece by piece, and the member of a part or an item that says it whole.
    struct Spoken {
        std::string_view event, member;
        bool of_part;
    };
    static constexpr Spoken kSpoken[] = {{"response.output_text", "text", true},
                                         {"response.refusal", "refusal", true},
                                         {"response.reasoning_text", "text", true},
                                         {"response.function_call_arguments", "arguments", false},
                                         {"response.custom_tool_call_input", "input", false}};
    struct Item {
        std::int64_t output_index = 0;
        std::string raw, parts;  // the closed ones, joined
        std::string part, text;  // the open one; what was said of it, or of the item, without quotes
        std::int64_t content_index = 0;
        const Spoken* spoken = nullptr;
        bool done = false;
    };

    State take(const http::SseSplitter::Event& event, State state) override {
        const std::string_view data = event.data;
        if (!json::members(data, members_)) return State::ended;
        const std::string type = json::as_string(told(data, "type")).value_or(std::string(event.name));
        sequence_ = number_told(data, "sequence_number") + 1;
        if (type.ends_with(".delta")) {
            take_delta(type, data);
            return state;
        }
        if (type == "response.created" || type == "response.in_progress" || type == "response.queued") {
            response_ = told(data, "response");
            return json::is_object(response_) ? State::open : State::ended;
        }
        if (type == "response.completed" || type == "response.incomplete" || type == "response.failed" ||
            type == "error") {
            return State::ended;
        }
        if (const Spoken* const spoken = spoken_of(type, ".done")) take_whole(*spoken, data);
        if (type == "response.output_item.added" || type == "response.output_item.done") take_item(type, data);
        if (type == "response.content_part.added" || type == "response.content_part.done") take_part(type, data);
        return state;
    }

    std::optional<json::Span> telling(std::string_view) const override { return std::nullopt; }

    // Of the event that is being taken.
    std::string_view told(std::string_view data, std::string_view name) const {
        const auto found = std::find_if(members_.begin(), members_.end(),
                                        [name](const json::Member& member) { return member.key == name; });
        return found == members_.end() ? std::string_view() : found->raw(data);
    }
    std::int64_t number_told(std::string_view data, std::string_view name) const {
        const std::string_view raw = told(data, name);
        return raw.empty() ? 0 : std::max<std::int64_t>(0, json::as_int64(raw).value_or(0));
    }

    Item* item_at(std::string_view data) {
        const std::int64_t index = number_told(data, "output_index");
        const auto found = std::find_if(items_.begin(), items_.end(),
                                        [index](const Item& item) { return item.output_index == index; });
        return found == items_.end() || found->done ? nullptr : &*found;
    }

    bool keep(std::string_view bytes) {
        kept_ += bytes.size();
        return kept_ <= kMaxKeptBytes;
    }

    void take_item(std::string_view type, std::string_view data) {
        const std::string_view raw = told(data, "item");
        if (!json::is_object(raw) || !keep(raw)) return;
        Item* item = item_at(data);
        if (item == nullptr) item = &items_.emplace_back();
        *item = Item{};
        item->output_index = number_told(data, "output_index");
        item->raw = raw;
        item->done = type == "response.output_item.done";
    }

    void take_part(std::string_view type, std::string_view data) {
        Item* const item = item_at(data);
        const std::string_view part = told(data, "part");
        if (item == nullptr || !json::is_object(part) || !keep(part)) return;
        item->text.clear();
        item->spoken = nullptr;
        if (type == "response.content_part.added") {
            item->part = part;
            item->content_index = number_told(data, "content_index");
            return;
        }
        item->part.clear();
        if (!item->parts.empty()) item->parts += ',';
        item->parts += part;
    }

    // What an event of this type says a piece of, or all.
    static const Spoken* spoken_of(std::string_view type, std::string_view ending) {
        if (!type.ends_with(ending)) return nullptr;
        type.remove_suffix(ending.size());
        const auto* const found = std::find_if(std::begin(kSpoken), std::end(kSpoken),
                                               [type](const Spoken& one) { return one.event == type; });
        return found == std::end(kSpoken) ? nullptr : found;
    }

    void take_delta(std::string_view type, std::string_view data) {
        const Spoken* const spoken = spoken_of(type, ".delta");
        Item* const item = spoken == nullptr ? nullptr : item_at(data);
        const std::string_view delta = item == nullptr ? std::string_view() : told(data, "delta");
        if (!json::is_string(delta) || delta.size() < 2 || !keep(delta)) return;
        item->spoken = spoken;
        item->text += delta.substr(1, delta.size() - 2);
    }

    // It was told whole, and is not again.
    void take_whole(const Spoken& spoken, std::string_view data) {
        Item* const item = item_at(data);
        const std::string_view text = item == nullptr ? std::string_view() : told(data, spoken.member);
        if (!json::is_string(text) || spoken.of_part == item->part.empty() || !keep(text)) return;
        std::string& whole = spoken.of_part ? item->part : item->raw;
        whole = with_member(whole, spoken.member, text);
        item->text.clear();
        item->spoken = nullptr;
    }

    void begin_event(std::string_view type, std::string& out) {
        out += "event: ";
        out += type;
        out += "\ndata: {\"type\":\"";
        out += type;
        out += "\",\"sequence_number\":" + std::to_string(sequence_++);
    }

    void close(Item& item, std::string& out) {
        const std::string text = '"' + item.text + '"';
        std::string place = R"(,"item_id":)";
        const std::string_view id = member_of(item.raw, "id");
        place += id.empty() ? "null" : id;
        place += R"(,"output_index":)" + std::to_string(item.output_index);
        if (!item.part.empty()) place += R"(,"content_index":)" + std::to_string(item.content_index);
        if (item.spoken != nullptr && item.spoken->of_part != item.part.empty()) {
            begin_event(std::string(item.spoken->event) + ".done", out);
            out += place + ",\"" + std::string(item.spoken->member) + "\":" + text;
            if (item.spoken->event == "response.output_text") out += R"(,"logprobs":[])";
            out += "}\n\n";
            std::string& whole = item.spoken->of_part ? item.part : item.raw;
            whole = with_member(whole, item.spoken->member, text);
        }
        if (!item.part.empty()) {
            begin_event("response.content_part.done", out);
            out += place + R"(,"part":)" + item.part + "}\n\n";
            if (!item.parts.empty()) item.parts += ',';
            item.parts += item.part;
        }
        if (!item.parts.empty()) item.raw = with_member(item.raw, "content", '[' + item.parts + ']');
        item.raw = with_member(item.raw, "status", R"("incomplete")");
        begin_event("response.output_item.done", out);
        out += R"(,"output_index":)" + std::to_string(item.output_index) + R"(,"item":)" + item.raw + "}\n\n";
    }

    void append_end(const Usage& usage, std::string& out) override {
        std::string output, tokens;
        if (kept_ > kMaxKeptBytes) items_.clear();
        for (Item& item : items_) {
            if (!item.done) close(item, out);
            if (!output.empty()) output += ',';
            output += item.raw;
        }
        append_response_usage(usage, tokens);
        std::string response = with_member(response_, "status", R"("incomplete")");
        response = with_member(response, "incomplete_details", R"({"reason":"max_output_tokens"})");
        response = with_member(response, "output", '[' + output + ']');
        response = with_member(response, "usage", tokens);
        begin_event("response.incomplete", out);
        out += R"(,"response":)" + response + "}\n\n";
    }

    std::vector<json::Member> members_;  // of the event that is being taken
    std::string response_;               // as it began
    std::vector<Item> items_;
    std::size_t kept_ = 0;
    std::int64_t sequence_ = 0;  // of the next event
};

}  // namespace

std::unique_ptr<StreamEnding> responses_ending() {
    return std::make_unique<ResponsesEnding>();
}

}  // namespace weir::wire
