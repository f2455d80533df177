# Completion of sallyport for bash; made from the table of verbs.
_sallyport() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  local verb=${COMP_WORDS[1]} options=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'help init serve status version bench plan person visit person credential pin level order assessment paper booking movement manifest movement death hearing count recall authority place basis agreement class person gate threat operator review pass door reader alarm roll log explain verify replay rebuild receipt export export-log backup restore line reader' -- "$cur"))
    return
  fi
  case $verb in
  plan)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' check apply show' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  person)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' add admit identify search candidates show photo list suspend reinstate depart locate separate unseparate merge unmerge import erase mark unmark link unlink' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  visit)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' open close list' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  person)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' add admit identify search candidates show photo list suspend reinstate depart locate separate unseparate merge unmerge import erase mark unmark link unlink' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  credential)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' issue suspend reinstate revoke compromise lost list' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  pin)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' set' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  level)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' grant revoke' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  order)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' record authenticate write recall refute list show conflicts' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  assessment)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' record contest review list show' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  paper)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' show' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  booking)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' open supplement template show list' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  movement)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' propose authorise cancel list show board disembark depart divert arrive handover' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  manifest)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' add cite promote remove confirm' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  movement)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' propose authorise cancel list show board disembark depart divert arrive handover' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  death)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' record cause remains retract list' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  hearing)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' set close list' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  count)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' begin tally close list show' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  recall)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' answer' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  authority)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' add list' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  place)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' add list' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  basis)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' add repeal list' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  agreement)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' commit pay list show' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  class)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' add include doubt exclude list' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  person)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' add admit identify search candidates show photo list suspend reinstate depart locate separate unseparate merge unmerge import erase mark unmark link unlink' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  gate)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' list show close open lockdown release' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  threat)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' raise lower' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  operator)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' add list disable compromise' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  review)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' operator credential' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  door)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' opened closed locked rex' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  reader)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' online offline tampered restored insecure secure power-failed power-restored' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  alarm)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' list acknowledge' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  receipt)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' person booking order verify' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  line)
    if ((COMP_CWORD == 2)); then
      COMPREPLY=($(compgen -W ' list show run keyset scan trace' -- "$cur"))
      return
    fi
    verb="$verb ${COMP_WORDS[2]}" ;;
  esac
  case $prev in
  --dir) COMPREPLY=($(compgen -d -- "$cur")); return ;;
  --as) COMPREPLY=(); return ;;
  --password-fd) COMPREPLY=(); return ;;
  --second) COMPREPLY=(); return ;;
  --second-password-fd) COMPREPLY=(); return ;;
  --plan) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --operator) COMPREPLY=(); return ;;
  --origin) COMPREPLY=(); return ;;
  --user) COMPREPLY=(); return ;;
  --containment) COMPREPLY=($(compgen -W 'usual strict weak' -- "$cur")); return ;;
  --kind) COMPREPLY=($(compgen -W 'staff officer detainee visitor counsel inspector contractor' -- "$cur")); return ;;
  --state) COMPREPLY=($(compgen -W 'present suspended departed merged' -- "$cur")); return ;;
  --name) COMPREPLY=(); return ;;
  --birth-date) COMPREPLY=(); return ;;
  --document) COMPREPLY=(); return ;;
  --alias) COMPREPLY=(); return ;;
  --identifier) COMPREPLY=(); return ;;
  --purpose) COMPREPLY=(); return ;;
  --reference) COMPREPLY=(); return ;;
  --official) COMPREPLY=(); return ;;
  --finding) COMPREPLY=(); return ;;
  --handed-to) COMPREPLY=(); return ;;
  --details-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --order) COMPREPLY=(); return ;;
  --host) COMPREPLY=(); return ;;
  --about) COMPREPLY=(); return ;;
  --level) COMPREPLY=(); return ;;
  --from) COMPREPLY=(); return ;;
  --until) COMPREPLY=(); return ;;
  --ground) COMPREPLY=($(compgen -W 'retention request court' -- "$cur")); return ;;
  --card-fd) COMPREPLY=(); return ;;
  --pin-fd) COMPREPLY=(); return ;;
  --duress-fd) COMPREPLY=(); return ;;
  --biometric) COMPREPLY=($(compgen -W 'none match mismatch' -- "$cur")); return ;;
  --person) COMPREPLY=(); return ;;
  --gate) COMPREPLY=(); return ;;
  --area) COMPREPLY=(); return ;;
  --type) COMPREPLY=(); return ;;
  --since) COMPREPLY=(); return ;;
  --limit) COMPREPLY=(); return ;;
  --key) COMPREPLY=(); return ;;
  --checkpoint) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --out) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --qr) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --entry) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --listen) COMPREPLY=(); return ;;
  --connect) COMPREPLY=(); return ;;
  --pty) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --address) COMPREPLY=(); return ;;
  --baud) COMPREPLY=(); return ;;
  --key-file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --scbk) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --count) COMPREPLY=(); return ;;
  --seconds) COMPREPLY=(); return ;;
  --label) COMPREPLY=(); return ;;
  --script) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  --wiring) COMPREPLY=(); return ;;
  esac
  case $verb in
  'init') options=' --help --json --password-fd --plan --operator --origin'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -d -- "$cur")); return; } ;;
  'serve') options=' --help --dir --user --containment --no-lines' ;;
  'status') options=' --help --dir --json' ;;
  'version') options=' --help --json' ;;
  'bench') options=' --help'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -d -- "$cur")); return; } ;;
  'plan check') options=' --help --json'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- "$cur")); return; } ;;
  'plan apply') options=' --help --dir --json --as --password-fd --second --second-password-fd'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- "$cur")); return; } ;;
  'plan show') options=' --help --dir --json --tree' ;;
  'person add') options=' --help --dir --json --as --password-fd --kind --name --birth-date --document --alias --identifier --details-file --from --until' ;;
  'person admit') options=' --help --dir --json --as --password-fd --name --birth-date --document --alias --identifier --purpose --details-file --order --host --about --level --from --until --card --card-fd --pin-fd --pin'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -W 'staff officer detainee visitor counsel inspector contractor' -- "$cur")); return; } ;;
  'person identify') options=' --help --dir --json --as --password-fd --name --birth-date --document --alias --identifier --details-file' ;;
  'person search') options=' --help --dir --json --as --password-fd --name --birth-date --document --identifier' ;;
  'person candidates') options=' --help --dir --json --as --password-fd --details --person' ;;
  'person show') options=' --help --dir --json --as --password-fd --details' ;;
  'person photo') options=' --help --dir --json --as --password-fd --out'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- "$cur")); return; } ;;
  'person list') options=' --help --dir --json --as --password-fd --kind --state --details --area' ;;
  'person suspend') options=' --help --dir --json --as --password-fd' ;;
  'person reinstate') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'person depart') options=' --help --dir --json --as --password-fd' ;;
  'person locate') options=' --help --dir --json --as --password-fd' ;;
  'person separate') options=' --help --dir --json --as --password-fd' ;;
  'person unseparate') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'person merge') options=' --help --dir --json --as --password-fd' ;;
  'person unmerge') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'visit open') options=' --help --dir --json --as --password-fd --purpose --details-file --about --area --from --host --until' ;;
  'visit close') options=' --help --dir --json --as --password-fd' ;;
  'visit list') options=' --help --dir --json --person' ;;
  'person import') options=' --help --dir --json --as --password-fd --dry-run'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- "$cur")); return; } ;;
  'person erase') options=' --help --dir --json --as --password-fd --second --second-password-fd --ground' ;;
  'credential issue') options=' --help --dir --json --as --password-fd --from --until --once --card-fd' ;;
  'credential suspend') options=' --help --dir --json --as --password-fd' ;;
  'credential reinstate') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'credential revoke') options=' --help --dir --json --as --password-fd' ;;
  'credential compromise') options=' --help --dir --json --as --password-fd --since' ;;
  'credential lost') options=' --help --dir --json --as --password-fd' ;;
  'credential list') options=' --help --dir --json --person' ;;
  'pin set') options=' --help --dir --json --as --password-fd --pin-fd --duress-fd --duress --clear' ;;
  'level grant') options=' --help --dir --json --as --password-fd --from --until' ;;
  'level revoke') options=' --help --dir --json --as --password-fd' ;;
  'order record') options=' --help --dir --json --as --password-fd --reference --official --details-file --basis --class --countries --document --due --effective --ends --expires --from --movements --on-basis --oral --other --person --sealed --to' ;;
  'order authenticate') options=' --help --dir --json --as --password-fd' ;;
  'order write') options=' --help --dir --json --as --password-fd --differs --document' ;;
  'order recall') options=' --help --dir --json --as --password-fd' ;;
  'order refute') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'order list') options=' --help --dir --json --person' ;;
  'order show') options=' --help --dir --json --as --password-fd --details' ;;
  'order conflicts') options=' --help --dir --json --person' ;;
  'assessment record') options=' --help --dir --json --as --password-fd --details-file --document --evidence --review' ;;
  'assessment contest') options=' --help --dir --json --as --password-fd' ;;
  'assessment review') options=' --help --dir --json --as --password-fd --review' ;;
  'assessment list') options=' --help --dir --json --person' ;;
  'assessment show') options=' --help --dir --json --as --password-fd --details' ;;
  'paper show') options=' --help --dir --json --as --password-fd --out' ;;
  'booking open') options=' --help --dir --json --as --password-fd --details-file' ;;
  'booking supplement') options=' --help --dir --json --as --password-fd --details-file' ;;
  'booking template') options=' --help --json' ;;
  'booking show') options=' --help --dir --json --as --password-fd --details' ;;
  'booking list') options=' --help --dir --json' ;;
  'movement propose') options=' --help --dir --json --as --password-fd --adults-only --agreement --departs --emergency --receiver --returns --seats --to' ;;
  'movement authorise') options=' --help --dir --json --as --password-fd' ;;
  'movement cancel') options=' --help --dir --json --as --password-fd' ;;
  'movement list') options=' --help --dir --json' ;;
  'movement show') options=' --help --dir --json' ;;
  'manifest add') options=' --help --dir --json --as --password-fd --alternate --assessment --order' ;;
  'manifest cite') options=' --help --dir --json --as --password-fd --assessment' ;;
  'manifest promote') options=' --help --dir --json --as --password-fd' ;;
  'manifest remove') options=' --help --dir --json --as --password-fd' ;;
  'manifest confirm') options=' --help --dir --json --as --password-fd --second --second-password-fd --biometric --presented --second-identifier' ;;
  'movement board') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'movement disembark') options=' --help --dir --json --as --password-fd' ;;
  'movement depart') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'movement divert') options=' --help --dir --json --as --password-fd' ;;
  'movement arrive') options=' --help --dir --json --as --password-fd' ;;
  'movement handover') options=' --help --dir --json --as --password-fd --receipt' ;;
  'death record') options=' --help --dir --json --as --password-fd --details-file --at' ;;
  'death cause') options=' --help --dir --json --as --password-fd --finding --details-file --document' ;;
  'death remains') options=' --help --dir --json --as --password-fd --handed-to --details-file --receipt' ;;
  'death retract') options=' --help --dir --json --as --password-fd --second --second-password-fd --details-file' ;;
  'death list') options=' --help --dir --json' ;;
  'hearing set') options=' --help --dir --json --as --password-fd --at' ;;
  'hearing close') options=' --help --dir --json --as --password-fd' ;;
  'hearing list') options=' --help --dir --json' ;;
  'count begin') options=' --help --dir --json --as --password-fd' ;;
  'count tally') options=' --help --dir --json --as --password-fd' ;;
  'count close') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'count list') options=' --help --dir --json' ;;
  'count show') options=' --help --dir --json' ;;
  'recall answer') options=' --help --dir --json --as --password-fd' ;;
  'authority add') options=' --help --dir --json --as --password-fd --second --second-password-fd --above' ;;
  'authority list') options=' --help --dir --json' ;;
  'place add') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'place list') options=' --help --dir --json' ;;
  'basis add') options=' --help --dir --json --as --password-fd --second --second-password-fd --agreement --country --from --place --places --replaces --until' ;;
  'basis repeal') options=' --help --dir --json --as --password-fd' ;;
  'basis list') options=' --help --dir --json' ;;
  'agreement commit') options=' --help --dir --json --as --password-fd --document' ;;
  'agreement pay') options=' --help --dir --json --as --password-fd --second --second-password-fd --document' ;;
  'agreement list') options=' --help --dir --json' ;;
  'agreement show') options=' --help --dir --json' ;;
  'class add') options=' --help --dir --json --as --password-fd --unlisted' ;;
  'class include') options=' --help --dir --json --as --password-fd' ;;
  'class doubt') options=' --help --dir --json --as --password-fd' ;;
  'class exclude') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'class list') options=' --help --dir --json' ;;
  'person mark') options=' --help --dir --json --as --password-fd' ;;
  'person unmark') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'person link') options=' --help --dir --json --as --password-fd' ;;
  'person unlink') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'gate list') options=' --help --dir --json' ;;
  'gate show') options=' --help --dir --json' ;;
  'gate close') options=' --help --dir --json --as --password-fd' ;;
  'gate open') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'gate lockdown') options=' --help --dir --json --as --password-fd' ;;
  'gate release') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'threat raise') options=' --help --dir --json --as --password-fd' ;;
  'threat lower') options=' --help --dir --json --as --password-fd --second --second-password-fd' ;;
  'operator add') options=' --help --dir --json --as --password-fd --second --second-password-fd'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -W 'desk gate shift records legal auditor admin' -- "$cur")); return; } ;;
  'operator list') options=' --help --dir --json --as --password-fd --details' ;;
  'operator disable') options=' --help --dir --json --as --password-fd' ;;
  'operator compromise') options=' --help --dir --json --as --password-fd --since' ;;
  'review operator') options=' --help --dir --json --since' ;;
  'review credential') options=' --help --dir --json --since' ;;
  'pass') options=' --help --dir --json --as --password-fd --card-fd --pin-fd --pin --biometric --walk' ;;
  'door opened') options=' --help --dir --json' ;;
  'door closed') options=' --help --dir --json' ;;
  'door locked') options=' --help --dir --json' ;;
  'door rex') options=' --help --dir --json' ;;
  'reader online') options=' --help --dir --json' ;;
  'reader offline') options=' --help --dir --json' ;;
  'reader tampered') options=' --help --dir --json' ;;
  'reader restored') options=' --help --dir --json' ;;
  'reader insecure') options=' --help --dir --json' ;;
  'reader secure') options=' --help --dir --json' ;;
  'reader power-failed') options=' --help --dir --json' ;;
  'reader power-restored') options=' --help --dir --json' ;;
  'alarm list') options=' --help --dir --json' ;;
  'alarm acknowledge') options=' --help --dir --json --as --password-fd' ;;
  'roll') options=' --help --dir --json --as --password-fd --kind --details' ;;
  'log') options=' --help --dir --json --person --gate --type --since --limit --follow' ;;
  'explain') options=' --help --dir --json --as --password-fd --details' ;;
  'verify') options=' --help --dir --json --key --checkpoint'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -d -- "$cur")); return; } ;;
  'replay') options=' --help --dir --json'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -d -- "$cur")); return; } ;;
  'rebuild') options=' --help --dir --json'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -d -- "$cur")); return; } ;;
  'receipt') options=' --help --dir --json --as --password-fd --details --out --qr' ;;
  'receipt person') options=' --help --dir --json --as --password-fd --details --out --qr' ;;
  'receipt booking') options=' --help --dir --json --as --password-fd --details --out --qr' ;;
  'receipt order') options=' --help --dir --json --as --password-fd --details --out --qr' ;;
  'receipt verify') options=' --help --json --details-file --key --entry'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- "$cur")); return; } ;;
  'export') options=' --help --dir --as --password-fd --details --person --niem' ;;
  'export-log') options=' --help --dir --json'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -d -- "$cur")); return; } ;;
  'backup') options=' --help --dir --json'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- "$cur")); return; } ;;
  'restore') options=' --help --json --key --checkpoint --accept-fork'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- "$cur")); return; } ;;
  'line list') options=' --help --dir --json' ;;
  'line show') options=' --help --dir --json' ;;
  'line run') options=' --help --dir' ;;
  'line keyset') options=' --help --dir --json --as --password-fd' ;;
  'line scan') options=' --help --json --address --baud'
    [[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- "$cur")); return; } ;;
  'line trace') options=' --help --dir --json --file --scbk --cards --raw --count --seconds' ;;
  'reader') options=' --help --json --listen --connect --pty --address --key-file --label --script --lock-monitor --wiring' ;;
  esac
  COMPREPLY=($(compgen -W "$options" -- "$cur"))
}
complete -o filenames -F _sallyport sallyport
