// groundingMetadata as chat's annotations.
#include <algorithm>
#include <vector>

#include "wire/gemini.h"
#include "wire/gemini_answer.h"

namespace weir::wire::gemini {
namespace {

using json::Span;
using json::Walk;

constexpr std::size_t kMaxSources = 256;  // and supports: beyond that the rest is in the metadata alone

// Offsets of UTF-8 in bytes, as Gemini counts, and in code points, as chat does.
class CodePoints {
  public:
    explicit CodePoints(std::string_view text) : text_(text) {
        std::size_t count = 0;
        for (std::size_t at = 0; at < text.size(); ++at) {
            if (at % kStep == 0) counts_.push_back(count);
            count += begins(text[at]);
        }
        counts_.push_back(count);
    }
    std::size_t before(std::size_t byte) const {
        std::size_t at = byte / kStep * kStep;
        std::size_t count = counts_[at / kStep];
        for (; at < byte; ++at) count += begins(text_[at]);
        return count;
    }

  private:
    static constexpr std::size_t kStep = 256;
    static bool begins(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80; }

    std::string_view text_;
    std::vector<std::size_t> counts_;  // before each kStep-th byte
};

struct Source {
    std::string_view url, title;  // raw
};

// Of the web, of maps, of files: what they are called is the same.
Source read_source(std::string_view document, Span chunk) {
    Source source;
    for (Walk kind(document, chunk); kind.next();) {
        if (!kind.at_object()) continue;
        for (Walk member = Walk::inside(kind); member.next();) {
            if (member.key_is("uri")) source.url = member.raw();
            if (member.key_is("title")) source.title = member.raw();
        }
    }
    return source;
}

class Annotations {
  public:
    Annotations(std::string_view document, std::string_view text, std::string& out)
        : document_(document), text_(text), points_(text), out_(out) {}

    void run(Span grounding) {
        Span supports;
        for (Walk member(document_, grounding); member.next();) {
            if (member.key_is("groundingSupports") && member.at_array()) supports = member.value();
            if (!member.key_is("groundingChunks") || !member.at_array()) continue;
            for (Walk chunk = Walk::inside(member); chunk.next() && sources_.size() < kMaxSources;) {
                sources_.push_back(read_source(document_, chunk.value()));
            }
        }
        std::size_t count = 0;
        for (Walk support(document_, supports); support.next() && count < kMaxSources; ++count) add(support.value());
    }

  private:
    void add(Span support) {
        Span segment, indices;
        for (Walk member(document_, support); member.next();) {
            if (member.key_is("segment")) segment = member.value();
            if (member.key_is("groundingChunkIndices") && member.at_array()) indices = member.value();
        }
        std::size_t begin = 0, end = 0;
        if (!place(segment, begin, end)) return;
        std::size_t count = 0;
        for (Walk index(document_, indices); index.next() && count < kMaxSources; ++count) {
            const std::int64_t number = json::as_int64(index.raw()).value_or(-1);
            if (number < 0 || number >= static_cast<std::int64_t>(sources_.size())) continue;
            write(sources_[static_cast<std::size_t>(number)], begin, end);
        }
    }

    // Where the segment stands in the text: offsets count from the beginning of a part, which is not always the text's.
    bool place(Span segment, std::size_t& begin, std::size_t& end) const {
        std::int64_t first = 0, last = -1;
        std::string said;
        for (Walk member(document_, segment); member.next();) {
            if (member.key_is("startIndex")) first = json::as_int64(member.raw()).value_or(0);
            if (member.key_is("endIndex")) last = json::as_int64(member.raw()).value_or(-1);
            if (member.key_is("text")) json::append_string(member.raw(), said);
        }
        const auto size = static_cast<std::int64_t>(text_.size());
        if (first < 0 || last < first || last > size) first = last = 0;
        begin = static_cast<std::size_t>(first);
        end = static_cast<std::size_t>(last);
        if (said.empty() || text_.substr(begin, end - begin) == said) return end > begin;
        begin = text_.find(said);
        end = begin + said.size();
        return begin != std::string_view::npos;
    }

    void write(const Source& source, std::size_t begin, std::size_t end) {
        if (!json::is_string(source.url)) return;
        if (!out_.empty()) out_ += ',';
        out_ += R"({"type":"url_citation","url_citation":{"start_index":)" + std::to_string(points_.before(begin));
        out_ += R"(,"end_index":)" + std::to_string(points_.before(end)) + R"(,"title":)";
        out_ += json::is_string(source.title) ? source.title : std::string_view(R"("")");
        out_ += R"(,"url":)";
        out_ += source.url;
        out_ += "}}";
    }

    std::string_view document_, text_;
    CodePoints points_;
    std::string& out_;
    std::vector<Source> sources_;
};

}  // namespace

std::string annotations_of(std::string_view document, Span grounding, std::string_view raw_inside) {
    std::string out;
    if (grounding.empty()) return out;
    std::string text;
    json::append_string('"' + std::string(raw_inside) + '"', text);
    Annotations(document, text, out).run(grounding);
    return out;
}

std::uint32_t searches_in(std::string_view document, Span grounding) {
    std::uint32_t count = 0;
    for (Walk member(document, grounding); member.next();) {
        if (!member.key_is("webSearchQueries") || !member.at_array()) continue;
        for (Walk query = Walk::inside(member); query.next();) ++count;
    }
    return count;
}

std::uint32_t billed_searches(std::string_view model, std::uint32_t count) {
    return is_third_generation(model) ? count : std::min<std::uint32_t>(count, 1);
}

}  // namespace weir::wire::gemini
