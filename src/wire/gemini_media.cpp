// Images, audio and files of a chat request as inlineData and fileData.
#include <algorithm>
#include <array>

#include "json/scan.h"
#include "wire/gemini_request.h"

namespace weir::wire::gemini {
namespace {

using json::Span;
using Use = MemberRule::Use;

struct Extension {
    std::string_view name, mime;
};
// By the names that ai.google.dev lists as understood.
constexpr std::array<Extension, 36> kExtensions = {{
    {"png", "image/png"},       {"jpg", "image/jpeg"},  {"jpeg", "image/jpeg"},       {"webp", "image/webp"},
    {"heic", "image/heic"},     {"heif", "image/heif"}, {"gif", "image/gif"},         {"bmp", "image/bmp"},
    {"pdf", "application/pdf"}, {"txt", "text/plain"},  {"md", "text/markdown"},      {"html", "text/html"},
    {"htm", "text/html"},       {"css", "text/css"},    {"csv", "text/csv"},          {"xml", "text/xml"},
    {"rtf", "text/rtf"},        {"mp3", "audio/mp3"},   {"wav", "audio/wav"},         {"aiff", "audio/aiff"},
    {"aac", "audio/aac"},       {"ogg", "audio/ogg"},   {"flac", "audio/flac"},       {"m4a", "audio/m4a"},
    {"mp4", "video/mp4"},       {"mpeg", "video/mpeg"}, {"mpg", "video/mpg"},         {"mov", "video/mov"},
    {"avi", "video/avi"},       {"flv", "video/x-flv"}, {"webm", "video/webm"},       {"wmv", "video/wmv"},
    {"3gp", "video/3gpp"},      {"3gpp", "video/3gpp"}, {"json", "application/json"}, {"opus", "audio/opus"},
}};

// The type of what is called `name`, a path or a URL; empty: it can't be told.
std::string_view mime_of(std::string_view name) {
    name = name.substr(0, name.find_first_of("?#"));
    name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || name.size() - dot > 6) return "";
    std::string called(name.substr(dot + 1));
    std::transform(called.begin(), called.end(), called.begin(),
                   [](char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte; });
    const auto* const found = std::find_if(kExtensions.begin(), kExtensions.end(),
                                           [&](const Extension& known) { return known.name == called; });
    return found == kExtensions.end() ? "" : found->mime;
}

// Google knows the types of its own files, and of videos that it shows.
bool is_known_to_google(std::string_view url) {
    constexpr std::array<std::string_view, 5> kPlaces = {"https://generativelanguage.googleapis.com/",
                                                         "https://www.youtube.com/", "https://youtube.com/",
                                                         "https://m.youtube.com/", "https://youtu.be/"};
    return std::any_of(kPlaces.begin(), kPlaces.end(), [&](std::string_view place) { return url.starts_with(place); });
}

void write_inline(std::string_view mime, std::string_view raw_inside, std::string& out) {
    out += R"({"inlineData":{"mimeType":)";
    json::write_string(mime, out);
    out += R"(,"data":")";
    out += raw_inside;
    out += R"("}})";
}

class Media {
  public:
    Media(StrictReader& in, std::string& out) : in_(in), out_(out) {}

    // What a data: URL holds, or what a URL names. `name`: what the file is called, where that is known (raw).
    Result<void> write(Span value, const Path& path, std::string_view name = {}) {
        if (Result<void> checked = in_.string_at(value, path); !checked) return checked;
        const std::string_view raw = in_.raw(value);
        std::string_view text = inside(raw);
        if (text.find('\\') != std::string_view::npos) {  // "\/" as a rule
            unescaped_ = json::as_string(raw).value_or("");
            text = unescaped_;
        }
        if (text.starts_with("data:")) return write_data(text, path);
        const bool by_url = text.starts_with("https://") || text.starts_with("http://") || text.starts_with("gs://");
        if (by_url) return write_url(text, raw, path);
        const std::string_view mime = name.empty() ? "" : mime_of(inside(name));
        if (mime.empty()) return in_.refuse(path, "must be a data: URL, or a URL that begins with https:// or gs://");
        return write_base64(mime, text, path);
    }

    // Bytes in base64.
    Result<void> write_base64(std::string_view mime, std::string_view data, const Path& path) {
        const auto belongs = [](char byte) {
            return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                   byte == '+' || byte == '/' || byte == '-' || byte == '_' || byte == '=';
        };
        if (data.empty() || !std::all_of(data.begin(), data.end(), belongs)) {
            return in_.refuse(path, "must hold bytes in base64");
        }
        write_inline(mime, data, out_);
        return {};
    }

  private:
    Result<void> write_data(std::string_view text, const Path& path) {
        constexpr std::string_view kBase64 = ";base64";
        const std::size_t comma = text.find(',');
        const std::string_view head = text.substr(0, std::min(comma, text.size()));
        const std::string_view mime = head.substr(5, head.find(';') - 5);
        if (comma == std::string_view::npos || !head.ends_with(kBase64) || mime.empty() ||
            mime.find('/') == std::string_view::npos) {
            return in_.refuse(path, "must be of the form data:TYPE;base64,BYTES");
        }
        return write_base64(mime, text.substr(comma + 1), path);
    }

    Result<void> write_url(std::string_view url, std::string_view raw, const Path& path) {
        const std::string_view mime = mime_of(url);
        if (mime.empty() && !is_known_to_google(url)) {
            return in_.refuse(path,
                              "its type can't be told from its name: the URL must end with a known extension, or "
                              "the bytes be given as a data: URL");
        }
        out_ += R"({"fileData":{)";
        if (!mime.empty()) {
            out_ += R"("mimeType":")";
            out_ += mime;
            out_ += R"(",)";
        }
        out_ += R"("fileUri":)";
        out_ += raw;
        out_ += "}}";
        return {};
    }

    StrictReader& in_;
    std::string& out_;
    std::string unescaped_;
};

Result<void> write_image_url(StrictReader& in, Span image, const Path& path, std::string& out) {
    if (image.empty()) return in.refuse(path, "is required");
    if (json::is_string(in.raw(image))) return Media(in, out).write(image, path);
    constexpr std::array<MemberRule, 2> kRules = {{{"url"}, {"detail", Use::drop}}};
    std::array<Span, kRules.size()> values;
    if (Result<void> read = in.read(image, path, kRules, values); !read) return read;
    return Media(in, out).write(values[0], path.member("url"));
}

Result<void> write_audio(StrictReader& in, Span audio, const Path& path, std::string& out) {
    if (audio.empty()) return in.refuse(path, "is required");
    constexpr std::array<MemberRule, 2> kRules = {{{"data"}, {"format"}}};
    std::array<Span, kRules.size()> values;
    if (Result<void> read = in.read(audio, path, kRules, values); !read) return read;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        if (Result<void> checked = in.string_at(values[i], path.member(kRules[i].name)); !checked) return checked;
    }
    const std::string format = json::as_string(in.raw(values[1])).value_or("");
    const std::string_view mime = mime_of("." + format);
    if (!mime.starts_with("audio/")) return in.refuse(path.member("format"), kNotExpressible);
    const std::string data = json::as_string(in.raw(values[0])).value_or("");
    return Media(in, out).write_base64(mime, data, path.member("data"));
}

Result<void> write_file(StrictReader& in, Span file, const Path& path, std::string& out) {
    if (file.empty()) return in.refuse(path, "is required");
    constexpr std::array<MemberRule, 3> kRules = {{{"file_data"}, {"file_id"}, {"filename"}}};
    std::array<Span, kRules.size()> values;
    if (Result<void> read = in.read(file, path, kRules, values); !read) return read;
    const auto [data, id, name] = values;
    if (!name.empty()) {
        if (Result<void> checked = in.string_at(name, path.member("filename")); !checked) return checked;
    }
    if (!data.empty() && !id.empty()) return in.refuse(path, "has both file_data and file_id");
    const bool by_id = data.empty();
    return Media(in, out).write(by_id ? id : data, path.member(by_id ? "file_id" : "file_data"), in.raw(name));
}

}  // namespace

Result<void> write_part(StrictReader& in, json::Walk& part, const Path& path, std::string& out) {
    if (!part.at_object()) return in.refuse(path, "must be an object");
    const Span type = in.type_of(part);
    const auto is = [&](std::string_view name) { return json::string_equals(in.raw(type), name); };
    constexpr std::array<MemberRule, 6> kRules = {
        {{"type"}, {"text"}, {"image_url"}, {"input_audio"}, {"file"}, {"cache_control", Use::drop}}};
    const bool known = is("text") || is("image_url") || is("input_audio") || is("file");
    if (!known) {
        if (!json::is_string(in.raw(type))) return in.refuse(path.member("type"), "is required, as a string");
        const std::string called = json::as_string(in.raw(type)).value_or("").substr(0, 64);
        return in.refuse(path, "parts of type '" + called + "': " + std::string(kNotExpressible));
    }
    std::array<Span, kRules.size()> values;
    if (Result<void> read = in.read(part, path, kRules, values); !read) return read;
    if (is("image_url")) return write_image_url(in, values[2], path.member("image_url"), out);
    if (is("input_audio")) return write_audio(in, values[3], path.member("input_audio"), out);
    if (is("file")) return write_file(in, values[4], path.member("file"), out);
    if (Result<void> checked = in.string_at(values[1], path.member("text")); !checked) return checked;
    out += R"({"text":)";
    out += in.raw(values[1]);
    out += '}';
    return {};
}

Result<void> write_image(StrictReader& in, json::Walk& image, const Path& path, std::string& out) {
    constexpr std::array<MemberRule, 4> kRules = {
        {{"type", Use::drop}, {"image_url"}, {"index", Use::drop}, {"extra_content"}}};
    std::array<Span, kRules.size()> values;
    if (Result<void> read = in.read(image, path, kRules, values); !read) return read;
    const std::size_t begin = out.size();
    if (Result<void> written = write_image_url(in, values[1], path.member("image_url"), out); !written) return written;
    const std::string_view signature = signature_in(in.document(), values[3]);
    if (signature.empty() || out.size() == begin) return {};
    out.back() = ',';
    out += R"("thoughtSignature":)";
    out += signature;
    out += '}';
    return {};
}

}  // namespace weir::wire::gemini
