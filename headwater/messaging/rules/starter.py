"""What a new template begins with."""

from __future__ import annotations

STARTER = """\
<mjml>
  <mj-head>
    <mj-attributes>
      <mj-all font-family="Inter, Helvetica, Arial, sans-serif" />
      <mj-text font-size="15px" line-height="1.6" color="#1f2430" />
      <mj-button background-color="#3157d5" border-radius="6px" font-size="15px" align="left" />
    </mj-attributes>
  </mj-head>
  <mj-body background-color="#f4f5f8">
    <mj-section background-color="#ffffff" padding="24px 12px">
      <mj-column>
        <mj-text font-size="18px" font-weight="600">{{ workspace.name }}</mj-text>
        <mj-text>Hi {{ contact.first_name | default("there") }},</mj-text>
        <mj-text>Write what you have to say.</mj-text>
        <mj-button href="{{ workspace.website }}">Have a look</mj-button>
        <mj-text>{{ owner.name | default(workspace.name) }}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
