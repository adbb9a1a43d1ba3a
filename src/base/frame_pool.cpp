#include "base/frame_pool.h"

#include <array>
#include <cstdint>
#include <new>

namespace weir::frame_pool {
namespace {

// Under a sanitizer every frame is allocated and freed for itself, so that a use after its end is seen.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPooled = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif
#else
constexpr bool kPooled = true;
#endif

struct Node {
    Node* next;
};

struct List {
    Node* first = nullptr;
    std::size_t size = 0;
};

// Trivially destructible, so that frames may still be freed while a thread ends; Cleaner empties it before.
thread_local std::array<List, kMaxBytes / kStepBytes> lists;
thread_local bool ended = false;

struct Cleaner {
    ~Cleaner() {
        ended = true;
        for (List& list : lists) {
            while (list.first != nullptr) {
                Node* const node = list.first;
                list.first = node->next;
                ::operator delete(node);
            }
        }
    }
    void arm() {}
};
thread_local Cleaner cleaner;

std::size_t rounded(std::size_t bytes) {
    return (bytes + kStepBytes - 1) / kStepBytes * kStepBytes;
}

}  // namespace

void* allocate(std::size_t bytes) {
    if (!kPooled || bytes == 0 || bytes > kMaxBytes) return ::operator new(bytes);
    List& list = lists[(bytes - 1) / kStepBytes];
    if (list.first == nullptr) return ::operator new(rounded(bytes));
    Node* const node = list.first;
    list.first = node->next;
    --list.size;
    return node;
}

void free(void* frame, std::size_t bytes) noexcept {
    if (!kPooled || bytes == 0 || bytes > kMaxBytes) return ::operator delete(frame);
    List& list = lists[(bytes - 1) / kStepBytes];
    if (list.size == kMaxKept || ended) return ::operator delete(frame);
    if (list.size == 0) cleaner.arm();  // brings it to life on this thread
    list.first = new (frame) Node{list.first};
    ++list.size;
}

}  // namespace weir::frame_pool
