#include <memory>

#include "client/command.h"
#include "client/completion.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

constexpr absl::string_view kBash =
    R"script(# bash completion of rnnfarm: source <(rnnfarm completion bash)
_rnnfarm() {
  # bash breaks words at = and :, which may stand inside of ours.
  local words=() rest=${COMP_LINE:0:COMP_POINT} blanks word i
  for ((i = 0; i <= COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    blanks=${rest%%[![:blank:]]*}
    rest=${rest#"$blanks"}
    ((i == COMP_CWORD)) && word=$rest
    rest=${rest#"$word"}
    if [[ -z $blanks && i -gt 0 ]]; then
      words[${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
  done
  local current=${words[${#words[@]}-1]} breaks='' done=''
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
  [[ $COMP_WORDBREAKS == *:* ]] && breaks+=':'
  [[ -n $breaks ]] && done=${current%"${current##*[$breaks]}"}
  local value=$current
  [[ $current == --*=* ]] && value=${current#*=}
  local line found
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :file) mapfile -t found < <(compgen -f -- "$value") ;;
      :dir) mapfile -t found < <(compgen -d -- "$value") ;;
      *)
        line=${line%%$'\t'*}
        COMPREPLY+=("${line#"$done"}")
        continue
        ;;
    esac
    COMPREPLY+=("${found[@]}")
    compopt -o filenames 2>/dev/null
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  # A name that goes on.
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == */ ]]; then
    compopt -o nospace 2>/dev/null
  fi
  return 0
}
complete -F _rnnfarm rnnfarm
)script";

constexpr absl::string_view kZsh = R"script(#compdef rnnfarm
# zsh completion of rnnfarm: source <(rnnfarm completion zsh), after compinit
_rnnfarm() {
  local line found
  local -a whole parts
  found=$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
  for line in "${(@f)found}"; do
    case $line in
      (:file) compset -P '--*='; _files ;;
      (:dir) compset -P '--*='; _files -/ ;;
      (*/) parts+=("${line%%$'\t'*}") ;;
      (?*) whole+=("${line%%$'\t'*}") ;;
    esac
  done
  (( $#whole )) && compadd -a whole
  # Names that go on.
  (( $#parts )) && compadd -S '' -a parts
  return 0
}
if [ "$funcstack[1]" = _rnnfarm ]; then
  _rnnfarm "$@"
else
  compdef _rnnfarm rnnfarm
fi
)script";

constexpr absl::string_view kFish =
    R"script(# fish completion of rnnfarm: rnnfarm completion fish | source
function __rnnfarm_complete
  set -l words (commandline -opc)
  for line in ($words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null)
    switch $line
      case :file
        __fish_complete_path (commandline -ct)
      case :dir
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c rnnfarm -f -a '(__rnnfarm_complete)'
)script";

}  // namespace

absl::string_view CompletionScript(absl::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return "";
}

void AddCompletionCommand(CLI::App& app, Program& program) {
  auto shell = std::make_shared<std::string>();
  AddCommand(app, program, "completion",
             "Print the script by which a shell completes commands, options and names",
             "rnnfarm completion bash > ~/.local/share/bash-completion/completions/rnnfarm",
             [&program, shell] {
               program.terminal.out << CompletionScript(*shell) << std::flush;
               return kOk;
             })
      ->add_option("shell", *shell, "Which shell's")
      ->check(OneOf({"bash", "zsh", "fish"}))
      ->type_name("SHELL")
      ->required();
}

}  // namespace rnnfarm::client
