// Memory for coroutine frames: they come and go by the dozen for each request, in few sizes, on the reactor that made
// them. Freed ones are kept for the next, a list a size.
// Thread rule: any thread; each has lists of its own, and a frame goes to the lists of the thread that frees it.
// Limits: frames up to kMaxBytes; kMaxKept of a size are kept a thread (at most 2 MiB in all).
#pragma once

#include <cstddef>

namespace weir::frame_pool {

constexpr std::size_t kMaxBytes = 4096;
constexpr std::size_t kStepBytes = 64;
constexpr std::size_t kMaxKept = 16;

void* allocate(std::size_t bytes);
void free(void* frame, std::size_t bytes) noexcept;  // `bytes` as it was allocated with

}  // namespace weir::frame_pool
