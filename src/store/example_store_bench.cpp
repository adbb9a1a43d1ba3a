// What keeping an example costs: offer() on the caller's thread, and the writer's own work, by a prompt's length.
//   example_store_bench [examples = 20000]
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/folder_testing.h"
#include "store/example_store.h"

using namespace weir;
using namespace weir::store;

namespace {

double seconds(std::chrono::steady_clock::time_point from) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

void run(std::size_t count, std::size_t prompt_bytes) {
    TemporaryFolder folder;
    const SystemClock clock;
    ExampleStore::Options options;
    options.folder = folder.file("examples");
    options.clock = &clock;
    options.most_waiting = count;
    options.most_waiting_bytes = SIZE_MAX;
    const auto store = ExampleStore::open(options);
    auto rules = std::make_shared<ExampleRules>();
    rules->course = {"default", "p/big"};
    rules->content = rules->may_distil = true;
    rules->keep_micros = 1ll << 60;
    rules->most = count;
    rules->redaction = text::Redaction::usual();
    std::string prompt;
    while (prompt.size() < prompt_bytes) prompt += "Where is my order 4711, please write to jane@example.com. ";
    prompt.resize(prompt_bytes);
    ExampleDraft draft;
    draft.rules = rules;
    draft.tenant = "acme";
    draft.task = 5;
    draft.model = "p/big";
    draft.api = "openai.chat";
    draft.system = std::string(500, 's');
    draft.answer = "delivery";
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i) {
        draft.unix_micros = clock.unix_micros();
        draft.prompt = prompt;
        draft.prompt += std::to_string(i);
        store->offer(draft);
    }
    const double offered = seconds(begin);
    store->flush();
    const double written = seconds(begin);
    const auto number = static_cast<double>(count);
    std::printf("%6zu bytes of prompt: offer %.2f us, written %.1f us each (%.0f a second), %llu kept\n", prompt_bytes,
                offered / number * 1e6, written / number * 1e6, number / written,
                static_cast<unsigned long long>(store->counters().kept));
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000;
    for (const std::size_t bytes : {100U, 1'000U, 10'000U}) run(count, bytes);
    return 0;
}
