// Text to vector: the seam. What an embedder says is only compared with what one of the same identity said.
// Thread rule: embed() on the reactor that the embedder belongs to, or on any where it says so.
// Limits: the embedder's own; a text beyond them is an error, never cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task.h"
#include "embed/int8_vector.h"

namespace weir::embed {

class Embedder {
  public:
    virtual ~Embedder() = default;
    // Names the model, its version (by hash where there is a file) and the dimensions: "hashing-1:256".
    virtual const std::string& identity() const = 0;
    virtual std::size_t dimensions() const = 0;
    // A vector of length 1. `text` must live until the task is done. `head_lines`, each with its end, go along with a
    // call that is made for it (of a call for several, those of one). Errors: too_large (the text), invalid (nothing in
    // it to embed; or the model's server refused it), unavailable, timeout, protocol (the server's answer makes no
    // sense).
    virtual Task<Result<Vector>> embed(std::string_view text, std::string_view head_lines) = 0;
    Task<Result<Vector>> embed(std::string_view text) { return embed(text, {}); }
};

// FNV-1a of an identity, for records on disk.
std::uint64_t identity_digest(std::string_view identity);

}  // namespace weir::embed
