# ruff: noqa: RUF001 -- Japanese has its own parentheses and colons
"""Japanese, in the plain form of an exchange's internal rules (規程). Places as in English."""

from typing import Final

JAPANESE: Final = {
    "thousands": ",",
    "comma": "、",
    "and": "、かつ",
    "yes": "はい",
    "block": "{count}ブロック",
    "blocks": "{count}ブロック",
    "minutes": "{count}分",
    "hours": "{count}時間",
    "days": "{count}日",
    "about": "{blocks}（約{time}）",
    "demand": "{role}のうち{count}名",
    "heading.policy": "ポリシーの概要",
    "heading.roles": "担当者と役割",
    "heading.amounts": "金額",
    "heading.destinations": "送金先",
    "heading.fees": "手数料",
    "heading.approvals": "承認",
    "heading.shape": "トランザクションの形式",
    "heading.consolidation": "コインの集約",
    "heading.internal": "自社ウォレット間の移動",
    "heading.prices": "価格",
    "heading.group": "金庫の合算",
    "heading.hot": "ホットウォレット",
    "heading.timing": "時期",
    "heading.schedule": "営業時間",
    "policy.vault": "対象の金庫（vault）は{vault}（{coin}、{network}）である。",
    "policy.epoch": "第{epoch}版（直前の版：{previous}）である。",
    "policy.first": "なし、初版",
    "policy.activation": "ブロック高{height}以降の出金に適用する。",
    "policy.loosening": "新しい版に一つでも緩和があれば、{delay}の待機期間を置く。"
    "緩和か厳格化か判定できない変更は、緩和とみなす。",
    "policy.tightening": "厳格化のみの版、および凍結は、直ちに効力を生じる。"
    "旧版に基づく未処理の出金は、取消を除き、すべて失効する。",
    "policy.default": "すべての規則を満たす出金のみを認める。規則が認めていない出金は、"
    "各署名端末が独自に判断して拒否する。",
    "policy.role": "{role}：{members}。この役割の権限行使には、{threshold}名以上の承認を要する。",
    "policy.admins": "ポリシーの改定には、現行版の管理者（admins）と新版の管理者の双方について、"
    "定足数の署名を要する。",
    "policy.revoked": "権限が失効した担当者（{members}）の署名は、一切数えない。",
    "amounts": "以下の上限は、すべて同時に適用する。自社ウォレット間の移動には、"
    "別に定める上限を適用する。取り消した出金も、期間内の合計に算入する。",
    "amounts.per_payment": "1回の出金で一つの送金先に送る額は、{value}以下とする。",
    "amounts.per_withdrawal": "1回の出金の合計額は、{value}以下とする。",
    "amounts.windows": "連続する{span}以内の出金の合計額は、{value}以下とする。",
    "amounts.per_destination": "連続する{span}以内に一つの送金先に送る合計額は、"
    "{value}以下とする。",
    "destinations": "送金先は、先頭や末尾だけでなく、全文字を照合する。",
    "destinations.mode": "{value}",
    "destinations.listed": "以下に登録した送金先にのみ送金する。",
    "destinations.any": "送金先を限定しない。ただし、以下に登録した送金先には、"
    "所属するグループの上限を適用する。",
    "destinations.cooling": "新たに登録した送金先には、登録から{value}が経過するまで送金しない。",
    "destinations.address": "グループ{group}：{name}（ブロック高{since}で登録）",
    "destinations.wallet": "グループ{group}：ウォレット{name}の、"
    "各系列の先頭から{range}個のアドレス（ブロック高{since}で登録）",
    "destinations.windows": "グループ{group}：連続する{span}以内に受け取る合計額は、"
    "グループ全体で{value}以下とする。",
    "destinations.internal": "グループ{group}：自社のウォレットであり、"
    "自社ウォレット間の移動先とすることができる。",
    "fees": "手数料は、承認者が承認した上限を超えてはならない。",
    "fees.max_fee": "通常の出金および取消の手数料は、1件につき{value}以下とする。",
    "fees.max_rate": "通常の出金および取消の手数料率は、{value} sat/vB以下とする。",
    "fees.share_ppm": "手数料は、送金額の{value}以下とする。",
    "fees.windows": "連続する{span}以内に承認した手数料の上限額の合計は、出金の種類を問わず"
    "すべて合わせて、{value}以下とする。",
    "approvals": "出金を起案した者の承認は、数えない。複数の役割を持つ担当者の承認は、"
    "それぞれの役割で数える。",
    "approvals.tiers": "{span}：{value}の承認を要する。",
    "approvals.any": "すべての出金",
    "approvals.up_to": "{high}以下の出金",
    "approvals.between": "{low}を超え{high}以下の出金",
    "approvals.above": "{low}を超える出金",
    "approvals.ceilings": "{officer}が承認できる出金は、{value}以下のものに限る。",
    "shape": "ダスト（極小額の出力）および以下に定めのない種類の出力は、拒否する。",
    "shape.max_outputs": "一つのトランザクションの出力は、お釣りを含めて{value}個以下とする。",
    "shape.script_types": "送金できる出力の種類は、{value}とする。",
    "shape.max_change": "金庫に戻るお釣りの出力は、{value}個以下とする。",
    "shape.op_return": "資金を伴わないデータの公開（OP_RETURN）を認める。",
    "consolidation": "金庫内のコイン（UTXO）の集約を認める。集約では、外部への送金を一切行わない。",
    "consolidation.max_inputs": "1回の集約で使うコインは、{value}個以下とする。",
    "consolidation.max_fee": "1回の集約の手数料は、{value}以下とする。",
    "consolidation.max_rate": "集約の手数料率は、{value} sat/vB以下とする。",
    "consolidation.require": "集約には、{value}の承認を要する。",
    "internal": "自社ウォレットへの資金の移動を認める。"
    "「金額」の上限に代えて、以下の上限を適用する。",
    "internal.max_inputs": "1回の移動で使うコインは、{value}個以下とする。",
    "internal.max_fee": "1回の移動の手数料は、{value}以下とする。",
    "internal.max_rate": "移動の手数料率は、{value} sat/vB以下とする。",
    "internal.require": "移動には、{value}の承認を要する。",
    "internal.per_withdrawal": "1回の移動の合計額は、{value}以下とする。",
    "internal.windows": "連続する{span}以内の移動の合計額は、{value}以下とする。",
    "prices": "コイン以外の単位で定めた上限は、担当者が署名し、出金が指定する価格表により計算する。"
    "過去の出金は、その出金の価格表と現在の価格表のうち、高い方の価格で算入する。",
    "prices.unit": "価格の単位は{value}とし、その最小単位で表す。",
    "prices.require": "価格表には、{value}の署名を要する。",
    "prices.max_age": "価格表を用いる出金の有効期限は、価格表の作成から{value}以内とする。",
    "group": "以下の金庫には、共通の上限を適用する。出金は他の各金庫の出金記録の末尾を指定し、"
    "各署名端末はその記録も検証する。",
    "group.vaults": "合算する金庫：{coin}、{vault}（1時間を{pace}ブロックとして数える）",
    "group.windows": "連続する{hours}時間以内の、これらの金庫すべての出金の合計額は、"
    "{value}以下とする。",
    "hot": "担当者が署名した残高表と、その後の出金から計算して、ホットウォレットの残高が上限を"
    "超えることになる補充は、拒否する。",
    "hot.groups": "ホットウォレットとする送金先グループは、{value}とする。",
    "hot.cap_bp": "ホットウォレットの残高は、コールドを含む全残高の{value}（価額による）"
    "以下とする。",
    "hot.require": "残高表には、{value}の署名を要する。",
    "hot.max_age": "残高表を用いる出金の有効期限は、残高表の作成から{value}以内とする。",
    "timing": "時計にはブロック高のみを用いる。トランザクションは、出金に記載したブロック高より"
    "前には有効にならない。",
    "timing.max_lifetime_blocks": "承認の有効期間は、{value}以内とする。",
    "timing.min_age_between": "直前の出金から{value}以上の間隔を置く。",
    "timing.max_height_jump": "出金のブロック高は、直前の出金から{value}以内とする。",
    "timing.from_height": "出金のブロック高は、{value}以降とする。",
    "timing.until_height": "出金の有効期限は、ブロック高{value}以前とする。",
    "timing.confirmations": "調整役は、出金が{value}以上の深さになったときに確定とみなす。",
    "timing.frozen": "この金庫は凍結中であり、取消を除くすべての出金を拒否する。",
    "schedule": "時刻は署名を行う端末の時計による。この規則は警告または拒否のみを行い、"
    "他の規則が拒否するものを認めることはない。",
    "schedule.days": "署名を行う曜日：{value}",
    "schedule.start": "開始時刻：{value}",
    "schedule.end": "終了時刻：{value}",
    "schedule.enforce": "上記以外の日時の署名は、拒否する。",
    "day.mon": "月曜日",
    "day.tue": "火曜日",
    "day.wed": "水曜日",
    "day.thu": "木曜日",
    "day.fri": "金曜日",
    "day.sat": "土曜日",
    "day.sun": "日曜日",
}
"""What each key says."""
