// What knowing a conversation again costs a request. CPU time of the calling thread.
//   ninja -C build/release conversations_bench && build/release/conversations_bench
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "gateway/conversations.h"

using namespace weir;
using namespace weir::gateway;

namespace {

double cpu_nanos() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void measure(std::size_t bytes) {
    constexpr std::size_t kConversations = 2'000;
    std::vector<std::string> turns(kConversations, std::string(bytes, 'x'));
    for (std::size_t i = 0; i < kConversations; ++i) turns[i].replace(0, 4, std::to_string(1000 + i));
    Conversations conversations;
    wire::Usage usage;
    usage.input_uncached = 2'000;
    const auto now = Micros{1'000'000};
    const double began = cpu_nanos();
    for (const std::string& asked : turns) {
        conversations.note(Conversations::key_of(1, 7, asked), {}, 5, usage, now);
    }
    const double noted = cpu_nanos();
    std::size_t known = 0;
    for (const std::string& answered : turns) {
        known += conversations.warm(Conversations::key_of(1, 7, answered), now).tokens_of(5) > 0;
    }
    const double looked = cpu_nanos();
    std::printf("turns of %6zu bytes: note %5.0f ns, look %5.0f ns (%zu of %zu known)\n", bytes,
                (noted - began) / kConversations, (looked - noted) / kConversations, known, kConversations);
}

}  // namespace

int main() {
    for (const std::size_t bytes : {std::size_t{1'024}, std::size_t{8'192}, std::size_t{100'000}}) measure(bytes);
    return 0;
}
