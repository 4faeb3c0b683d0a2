#include "base/build_info.h"
#include "client/command.h"

namespace rnnfarm::client {

void AddVersionCommand(CLI::App& app, Program& program) {
  auto ask = std::make_shared<bool>(false);
  AddCommand(app, program, "version", "What this program, and with --server the coordinator, is",
             "rnnfarm version --server",
             [&program, ask]() -> int {
               program.terminal.out << "rnnfarm " << base::BuildText() << std::endl;
               if (!*ask) return kOk;
               const auto response = program.Connect().Call(&v1::FarmService::Stub::GetVersion, {});
               if (!response.ok()) return program.Fail(response.status());
               program.terminal.out << "coordinator " << response->build() << std::endl;
               return kOk;
             })
      ->add_flag("--server", *ask, "Ask the coordinator too");
}

}  // namespace rnnfarm::client
