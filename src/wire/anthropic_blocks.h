// Part of anthropic_form.h: content blocks of a Messages request, made of the parts of chat messages.
// Thread rule: one request, one thread.
#pragma once

#include <string>
#include <string_view>

#include "json/scan.h"
#include "wire/strict_object.h"

namespace weir::wire::anthropic {

// Blocks on their way, joined by commas.
class Blocks {
  public:
    explicit Blocks(StrictReader& in) : in_(in) {}

    bool empty() const { return count_ == 0; }
    std::size_t count() const { return count_; }
    void clear();
    // The value of `content` or `system`: one text without more is a string.
    void write(std::string& out) const;

    // Appends to what this returns one block, which must follow.
    std::string& begin();
    // Empty texts are none: Messages refuses them.
    void add_text(json::Span text, json::Span cache_control);
    // A chat part that `walk` stands at. Errors: StrictReader's.
    Result<void> add_part(json::Walk& walk, const Path& path, bool text_only);
    // A chat `content`: a string, an array of parts, or nothing.
    Result<void> add_content(json::Span content, const Path& path, bool text_only);
    // Puts the mark of a whole message on its last block, unless that has one. `before`: count() at its beginning.
    void mark_last(std::size_t before, json::Span cache_control);

  private:
    Result<void> add_image(json::Span image, json::Span cache_control, const Path& path);
    Result<void> add_file(json::Span file, json::Span cache_control, const Path& path);
    bool add_base64(std::string_view type, std::string_view raw_url, std::string& media_type);
    void end(json::Span cache_control);

    StrictReader& in_;
    std::string text_;
    std::size_t count_ = 0;
    json::Span only_;  // the text, while there is one block and that is one without a mark
    bool last_marked_ = false;
};

}  // namespace weir::wire::anthropic
