# SPDX-License-Identifier: Apache-2.0
# zsh -f completion.zsh FOLDER LINE: the last word of LINE after a Tab in an interactive zsh that
# has FOLDER in its fpath.
zmodload zsh/zpty && zmodload zsh/zselect || exit 1
zpty shell zsh -f -i
zpty -w shell "PS1= PS2= RPS1=; unset zle_bracketed_paste; fpath=(${(q)1} \$fpath)"
zpty -w shell 'autoload -Uz compinit && compinit -u -D'
zpty -w shell 'show () { zle complete-word; print -r -- "<""<${BUFFER}>>"; exit }'
zpty -w shell 'zle -N show; bindkey "^I" show; print REA""DY'
local text= chunk
while [[ $text != *READY* ]] && zpty -r shell chunk; do text+=$chunk; done
zpty -n -w shell "$2"$'\t'
text=
while [[ $text != *'<<'*'>>'* ]] && zpty -r shell chunk; do text+=$chunk; done
zpty -d shell
text=${${text##*<<}%%>>*}
print -r -- "${${text%% }##* }"
