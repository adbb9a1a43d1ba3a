#include "wire/anthropic_blocks.h"
#include "wire/raw_text.h"

#include <array>
#include <optional>

namespace weir::wire::anthropic {
namespace {

using json::Span;
using Use = MemberRule::Use;

// "data:image/png;base64,AAAA" in its pieces, spelled as it is.
struct DataUrl {
    std::string_view media_type, data;
};
std::optional<DataUrl> split_data_url(std::string_view text) {
    constexpr std::string_view kScheme = "data:";
    constexpr std::string_view kCoding = ";base64";
    if (!text.starts_with(kScheme)) return std::nullopt;
    text.remove_prefix(kScheme.size());
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const std::string_view head = text.substr(0, comma);
    if (!head.ends_with(kCoding) || head.front() == ';') return std::nullopt;
    return DataUrl{head.substr(0, head.find(';')), text.substr(comma + 1)};
}

}  // namespace

void Blocks::clear() {
    text_.clear();
    count_ = 0;
    only_ = {};
    last_marked_ = false;
}

void Blocks::write(std::string& out) const {
    if (!only_.empty()) {
        out += in_.raw(only_);
        return;
    }
    out += '[';
    out += text_;
    out += ']';
}

std::string& Blocks::begin() {
    if (count_++ > 0) text_ += ',';
    only_ = {};
    last_marked_ = false;
    return text_;
}

void Blocks::end(Span cache_control) {
    if (!cache_control.empty()) {
        text_ += R"(,"cache_control":)";
        text_ += in_.raw(cache_control);
        last_marked_ = true;
    }
    text_ += '}';
}

void Blocks::mark_last(std::size_t before, Span cache_control) {
    if (cache_control.empty() || count_ == before || last_marked_) return;
    text_.pop_back();
    only_ = {};
    end(cache_control);
}

void Blocks::add_text(Span text, Span cache_control) {
    if (text.size() <= 2) return;
    begin() += R"({"type":"text","text":)";
    text_ += in_.raw(text);
    if (count_ == 1 && cache_control.empty()) only_ = text;
    end(cache_control);
}

Result<void> Blocks::add_content(Span content, const Path& path, bool text_only) {
    if (content.empty()) return {};
    const std::string_view raw = in_.raw(content);
    if (json::is_string(raw)) {
        add_text(content, {});
        return {};
    }
    if (!json::is_array(raw)) return in_.refuse(path, "must be a string or an array of parts");
    std::size_t index = 0;
    for (json::Walk part(in_.document(), content); part.next(); ++index) {
        if (Result<void> added = add_part(part, path.element(index), text_only); !added) return added;
    }
    return {};
}

Result<void> Blocks::add_part(json::Walk& walk, const Path& path, bool text_only) {
    if (!walk.at_object()) return in_.refuse(path, "must be an object");
    const Span type = in_.type_of(walk);
    const auto is = [&](std::string_view name) { return json::string_equals(in_.raw(type), name); };
    const std::string_view name = is("text")                      ? "text"
                                  : is("refusal")                 ? "refusal"
                                  : is("image_url") && !text_only ? "image_url"
                                  : is("file") && !text_only      ? "file"
                                                                  : "";
    if (name.empty()) return in_.refuse_type(walk.value(), path);
    const std::array<MemberRule, 3> rules = {{{name}, {"type"}, {"cache_control"}}};
    std::array<Span, rules.size()> values;
    if (Result<void> read = in_.read(walk, path, rules, values); !read) return read;
    const Path place = path.member(name);
    if (name == "image_url") return add_image(values[0], values[2], place);
    if (name == "file") return add_file(values[0], values[2], place);
    if (Result<void> checked = in_.string_at(values[0], place); !checked) return checked;
    add_text(values[0], values[2]);
    return {};
}

// {"type":..,"source":{..} of a data: URL, without its end; false, and nothing: it is none.
bool Blocks::add_base64(std::string_view type, std::string_view raw_url, std::string& media_type) {
    std::string respelled;
    std::optional<DataUrl> url = split_data_url(inside(raw_url));
    if (!url && raw_url.find('\\') != std::string_view::npos) {
        json::write_string(json::as_string(raw_url).value_or(""), respelled);
        url = split_data_url(inside(respelled));
    }
    if (!url) return false;
    media_type = url->media_type;
    begin() += R"({"type":")";
    text_ += type;
    text_ += R"(","source":{"type":"base64","media_type":")";
    text_ += url->media_type;
    text_ += R"(","data":")";
    text_ += url->data;
    text_ += "\"}";
    return true;
}

Result<void> Blocks::add_image(Span image, Span cache_control, const Path& path) {
    Span url = image;
    if (json::is_object(in_.raw(image))) {
        // `detail` asks OpenAI's models to look at fewer or more pixels.
        constexpr std::array<MemberRule, 2> kRules = {{{"url"}, {"detail", Use::drop}}};
        std::array<Span, kRules.size()> values;
        if (Result<void> read = in_.read(image, path, kRules, values); !read) return read;
        url = values[0];
    }
    const Path place = path.member("url");
    if (Result<void> checked = in_.string_at(url, place); !checked) return checked;
    const std::string_view raw = in_.raw(url);
    std::string media_type;
    if (!add_base64("image", raw, media_type)) {
        const std::string address = json::as_string(raw).value_or("").substr(0, 8);
        if (!address.starts_with("http://") && !address.starts_with("https://")) {
            return in_.refuse(place, "must be an http or https URL, or a data: URL in base64 with its media type");
        }
        begin() += R"({"type":"image","source":{"type":"url","url":)";
        text_ += raw;
        text_ += '}';
    }
    end(cache_control);
    return {};
}

Result<void> Blocks::add_file(Span file, Span cache_control, const Path& path) {
    constexpr std::array<MemberRule, 3> kRules = {{{"file_data"}, {"filename"}, {"file_id"}}};
    std::array<Span, kRules.size()> values;
    if (Result<void> read = in_.read(file, path, kRules, values); !read) return read;
    const auto [data, called, id] = values;
    if (!id.empty()) return in_.refuse(path.member("file_id"), "names a file of another provider's");
    const Path place = path.member("file_data");
    if (Result<void> checked = in_.string_at(data, place); !checked) return checked;
    if (!called.empty()) {
        if (Result<void> checked = in_.string_at(called, path.member("filename")); !checked) return checked;
    }
    std::string media_type;
    if (!add_base64("document", in_.raw(data), media_type)) {
        return in_.refuse(place, "must be a data: URL in base64 with its media type");
    }
    if (media_type != "application/pdf" && media_type != "application\\/pdf") {
        return in_.refuse(place, "must be a PDF (data:application/pdf;base64,...)");
    }
    if (called.size() > 2) {
        text_ += R"(,"title":)";
        text_ += in_.raw(called);
    }
    end(cache_control);
    return {};
}

}  // namespace weir::wire::anthropic
