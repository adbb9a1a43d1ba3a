// Students and what they learn from, for tests: requests come when the test says so.
// Thread rule: the test's thread. Limits: none.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/folder_testing.h"
#include "gateway/students.h"
#include "tiers/student/student_testing.h"

namespace weir::gateway::testing {

using tiers::student::StudentKey;
using tiers::student::StudentShelf;

inline constexpr std::uint64_t kTask = 7, kEmbedder = 77;

// Students and what they learn from; requests come when the test says so.
class World {
  public:
    World() {
        auto made = std::make_shared<store::ExampleRules>();
        made->course = {"default", "fake/big"};
        made->content = made->may_distil = true;
        made->keep_micros = 1'000'000'000'000;
        made->most = 10'000;
        rules = std::move(made);
        start();
    }
    void start() {
        students.reset();
        shelf = std::make_unique<StudentShelf>();
        store.reset();
        store::ExampleStore::Options options;
        options.folder = folder.file("examples");
        options.clock = &clock;
        store = store::ExampleStore::open(options);
        students = std::make_unique<Students>(*store, *shelf, folder.file("students"), clock);
        students->wanted({"default"});
    }
    void keep(std::size_t count, const std::string& tenant = "acme", const std::string& suffix = "",
              bool varied = false) {
        const tiers::student::Tickets tickets(count, ++seed_);
        for (const auto& row : tickets.rows) {
            store::ExampleDraft draft;
            draft.rules = rules;
            draft.tenant = tenant;
            draft.unix_micros = clock.unix_micros();
            draft.task = kTask;
            draft.model = "fake/big";
            draft.api = "openai.chat";
            draft.system = "Which desk?";
            draft.prompt = row.text;
            if (embedded) draft.vector = {kEmbedder, 0.05F, std::string(16, static_cast<char>(row.answer.size()))};
            draft.answer = row.answer + suffix;
            if (varied) draft.answer = "It says: " + row.text + ", the " + std::to_string(++seed_) + "th";
            store->offer(std::move(draft));
            clock.advance(1);
        }
        store->flush();
        students->wanted({"default"});  // wakes it
    }
    std::uint64_t examples_of(const std::string& tenant = "acme") const {
        const auto found = shelf->find(tenant, "default", "fake/big", kTask);
        return found && found->size() == 1 ? found->front()->model->examples() : 0;
    }
    std::string why(const std::string& tenant = "acme") const {
        for (const Students::View& view : students->views()) {
            if (view.key.tenant == tenant) return view.why;
        }
        return "none";
    }
    // Until it is so: the thread is woken and works for milliseconds.
    void until(const std::function<bool()>& is_so) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!is_so()) {
            REQUIRE(std::chrono::steady_clock::now() < end);
            students->wanted({"default"});
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        std::error_code error;
        for (std::filesystem::directory_iterator it(folder.file("students"), error), end; !error && it != end; ++it) {
            names.push_back(it->path().string());
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    bool embedded = false;  // what is kept has vectors
    TemporaryFolder folder;
    FakeClock clock;
    std::shared_ptr<const store::ExampleRules> rules;
    std::unique_ptr<store::ExampleStore> store;
    std::unique_ptr<StudentShelf> shelf;
    std::unique_ptr<Students> students;

  private:
    std::uint64_t seed_ = 0;
};

}  // namespace weir::gateway::testing
