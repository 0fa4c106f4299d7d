"""Three stages that learn from preferences can be launched."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('training', '0002_run_attempts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='run',
            name='stage',
            field=models.CharField(choices=[('dsa', 'DSA: one expert per specialty'), ('gba', 'GBA: reinforcement with guideline-based advantages'), ('merge', 'Conflict-aware merge'), ('judge_sft', "Judge, SFT on the readers' verdicts"), ('judge_dpo', 'Judge, DPO on preferences'), ('reward_model', 'Reward model (Bradley-Terry)')], max_length=20),
        ),
    ]
